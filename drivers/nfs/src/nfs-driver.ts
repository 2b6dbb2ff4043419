import { DriverOptions, inject, injectable } from '@scoria/core';
import type { ConnectionInfo } from '@scoria/core';
import type { ActiveFile } from '@scoria/remotefs';
import { mountedConnection, RemoteFsDriver, RemoteFsTools } from '@scoria/remotefs';
import { mountOptionsOf } from './options.js';
import type { NfsOptions } from './options.js';

/** Volumes as files on NFS exports. */
@injectable()
export class NfsDriver extends RemoteFsDriver {
  protected readonly identity = { vendorName: 'Scoria', storageProtocol: 'nfs' };

  constructor(
    @inject(RemoteFsTools) tools: RemoteFsTools,
    @inject(DriverOptions) private readonly options: NfsOptions,
  ) {
    super(tools);
  }

  /** What os-brick's remotefs connector and Nova's libvirt driver take for `nfs`. */
  protected connectionInfo(active: ActiveFile): ConnectionInfo {
    return mountedConnection('nfs', active, mountOptionsOf(this.options));
  }
}
