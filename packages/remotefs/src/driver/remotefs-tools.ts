import { inject, injectable } from 'inversify';
import { Adoption } from '../adopt/adoption.js';
import { FileVolumes } from './file-volumes.js';
import { ManageFiles } from './manage-files.js';
import { SharePlacement } from './share-placement.js';
import { VolumeDevices } from './volume-devices.js';

/** What a `RemoteFsDriver` works with, so that its subclasses have one thing to inject. */
@injectable()
export class RemoteFsTools {
  constructor(
    @inject(FileVolumes) readonly volumes: FileVolumes,
    @inject(SharePlacement) readonly placement: SharePlacement,
    @inject(VolumeDevices) readonly devices: VolumeDevices,
    @inject(ManageFiles) readonly manage: ManageFiles,
    @inject(Adoption) readonly adoption: Adoption,
  ) {}
}
