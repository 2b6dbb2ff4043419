import { inject, injectable } from 'inversify';
import { Takeovers } from '../adopt/takeovers.js';
import { ShareWatch } from '../shares/share-watch.js';
import { FileVolumes } from './file-volumes.js';
import { SharePlacement } from './share-placement.js';
import { VolumeDevices } from './volume-devices.js';

/** What a `RemoteFsDriver` works with, so that its subclasses have one thing to inject. */
@injectable()
export class RemoteFsTools {
  constructor(
    @inject(FileVolumes) readonly volumes: FileVolumes,
    @inject(SharePlacement) readonly placement: SharePlacement,
    @inject(VolumeDevices) readonly devices: VolumeDevices,
    @inject(Takeovers) readonly takeovers: Takeovers,
    @inject(ShareWatch) readonly watch: ShareWatch,
  ) {}
}
