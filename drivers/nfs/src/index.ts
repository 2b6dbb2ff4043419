import { BackendIdentity, ContainerModule, defineDriver, DriverOptions } from '@scoria/core';
import {
  bindMountedShares,
  bindRemoteFs,
  MountedSharesOptions,
  remoteFsPolicy,
  RemoteFsPolicy,
  watchMountedShares,
} from '@scoria/remotefs';
import path from 'node:path';
import { NfsDriver } from './nfs-driver.js';
import { mountOptionsOf, NFS_OPTIONS } from './options.js';
import type { NfsOptions } from './options.js';

function mountedShares(options: NfsOptions, { stateDirectory }: BackendIdentity): MountedSharesOptions {
  return {
    fstype: 'nfs',
    sharesFile: path.resolve(options.nfs_shares_config),
    mountPointBase: path.resolve(options.nfs_mount_point_base ?? path.join(stateDirectory, 'mnt')),
    mountOptions: mountOptionsOf(options),
  };
}

const bindings = new ContainerModule(({ bind, onActivation }) => {
  bindRemoteFs(bind);
  bindMountedShares(bind);
  watchMountedShares(onActivation);
  bind<MountedSharesOptions>(MountedSharesOptions).toDynamicValue((context) =>
    mountedShares(context.get<NfsOptions>(DriverOptions), context.get<BackendIdentity>(BackendIdentity)),
  );
  bind<RemoteFsPolicy>(RemoteFsPolicy).toDynamicValue((context) => {
    const options = context.get<NfsOptions>(DriverOptions);
    return remoteFsPolicy(options, {
      format: options.nfs_qcow2_volumes ? 'qcow2' : 'raw',
      preallocated: !options.nfs_sparsed_volumes,
    });
  });
});

export { NFS_OPTIONS, NfsDriver };

/** Volumes on NFS exports: files that OpenStack Cinder's NFS driver can read, and the reverse. */
export default defineDriver({
  name: 'nfs',
  apiRange: '^1.0.0',
  options: NFS_OPTIONS,
  capabilities: [
    'clone',
    'revert',
    'manage',
    'adopt',
    'inspect',
    'plan',
    'onlineSnapshot',
    'changedBlocks',
    'trim',
  ],
  driver: NfsDriver,
  bindings,
});
