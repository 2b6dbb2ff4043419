import { DriverOptions, inject, injectable } from '@scoria/core';
import type { ConnectionInfo } from '@scoria/core';
import type { ActiveFile } from '@scoria/remotefs';
import { RemoteFsDriver, RemoteFsTools } from '@scoria/remotefs';
import path from 'node:path';
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
  protected connectionInfo({ share, file, format }: ActiveFile): ConnectionInfo {
    const options = [...mountOptionsOf(this.options), ...(share.options ?? [])].join(',');
    return {
      driver_volume_type: 'nfs',
      data: {
        export: share.share,
        name: file,
        format,
        ...(options === '' ? {} : { options: `-o ${options}` }),
      },
      mount_point_base: path.dirname(share.path),
    };
  }
}
