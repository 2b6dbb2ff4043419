import type { ContainerModuleLoadOptions } from 'inversify';
import { QemuImg } from '@scoria/disk-image';
import { Adoption } from '../adopt/adoption.js';
import { Takeovers } from '../adopt/takeovers.js';
import { FileVolumes } from './file-volumes.js';
import { Guests } from './guests.js';
import { ManageFiles } from './manage-files.js';
import { ProvisionedBytes } from './provisioned-bytes.js';
import { RemoteFsTools } from './remotefs-tools.js';
import { SharePlacement } from './share-placement.js';
import { VolumeDevices } from './volume-devices.js';

/**
 * Binds what a `RemoteFsDriver` works with. The driver's own module binds `RemoteFsPolicy`, and the shares by
 * `bindLocalDirectory` or `bindMountedShares`.
 */
export function bindRemoteFs(bind: ContainerModuleLoadOptions['bind']): void {
  for (const service of [
    QemuImg,
    FileVolumes,
    Guests,
    ProvisionedBytes,
    SharePlacement,
    ManageFiles,
    Adoption,
    Takeovers,
    VolumeDevices,
  ]) {
    bind<object>(service).toSelf().inSingletonScope();
  }
  bind(RemoteFsTools).toSelf().inSingletonScope();
}
