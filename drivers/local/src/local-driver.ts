import { inject, injectable } from '@scoria/core';
import type { ConnectionInfo } from '@scoria/core';
import type { ActiveFile } from '@scoria/remotefs';
import { RemoteFsDriver, RemoteFsTools } from '@scoria/remotefs';

/** Volumes as files in a directory of this host. */
@injectable()
export class LocalDriver extends RemoteFsDriver {
  protected readonly identity = { vendorName: 'Scoria', storageProtocol: 'local' };

  constructor(@inject(RemoteFsTools) tools: RemoteFsTools) {
    super(tools);
  }

  /** os-brick's `local` connector takes the path as it is; the format tells the hypervisor how to open it. */
  protected connectionInfo({ directory, file, format }: ActiveFile): ConnectionInfo {
    return { driver_volume_type: 'local', data: { device_path: directory.file(file), name: file, format } };
  }
}
