import type { ConnectionInfo } from '@scoria/core';
import path from 'node:path';
import type { ActiveFile } from './remotefs-driver.js';

/**
 * The connection info of a file on a share that each host mounts for itself, as os-brick's remotefs connector and Nova's
 * libvirt driver take it.
 * @param type `driver_volume_type`, the kind of file system
 * @param mountOptions the backend's; those of the share come after them
 */
export function mountedConnection(
  type: string,
  { share, file, format }: ActiveFile,
  mountOptions: readonly string[],
): ConnectionInfo {
  const options = [...mountOptions, ...(share.options ?? [])].join(',');
  return {
    driver_volume_type: type,
    data: {
      export: share.share,
      name: file,
      format,
      ...(options === '' ? {} : { options: `-o ${options}` }),
    },
    mount_point_base: path.dirname(share.path),
  };
}
