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
import { UNCACHED } from './client-caches.js';
import { MANY_THREADS } from './client-threads.js';
import { GlusterfsDriver } from './glusterfs-driver.js';
import { GLUSTERFS_OPTIONS, mountOptionsOf } from './options.js';
import type { GlusterfsOptions } from './options.js';
import { GLUSTERFS_SHARES } from './share-limits.js';

function mountedShares(options: GlusterfsOptions, { stateDirectory }: BackendIdentity): MountedSharesOptions {
  const gid = process.getegid?.();
  return {
    fstype: 'glusterfs',
    sharesFile: path.resolve(options.glusterfs_shares_config),
    mountPointBase: path.resolve(options.glusterfs_mount_point_base ?? path.join(stateDirectory, 'mnt')),
    // Before the operator's, which count where they say otherwise.
    driverOptions: [...UNCACHED, MANY_THREADS],
    mountOptions: mountOptionsOf(options),
    limits: GLUSTERFS_SHARES,
    ...(gid === undefined ? {} : { gid }),
  };
}

const bindings = new ContainerModule(({ bind, onActivation }) => {
  bindRemoteFs(bind);
  bindMountedShares(bind);
  watchMountedShares(onActivation);
  bind<MountedSharesOptions>(MountedSharesOptions).toDynamicValue((context) =>
    mountedShares(
      context.get<GlusterfsOptions>(DriverOptions),
      context.get<BackendIdentity>(BackendIdentity),
    ),
  );
  bind<RemoteFsPolicy>(RemoteFsPolicy).toDynamicValue((context) => {
    const options = context.get<GlusterfsOptions>(DriverOptions);
    return remoteFsPolicy(options, {
      format: options.glusterfs_qcow2_volumes ? 'qcow2' : 'raw',
      preallocated: !options.glusterfs_sparsed_volumes,
    });
  });
});

export { GLUSTERFS_OPTIONS, GlusterfsDriver };

/** Volumes on GlusterFS: files that OpenStack Cinder's GlusterFS driver can read, and the reverse. */
export default defineDriver({
  name: 'glusterfs',
  apiRange: '^1.0.0',
  options: GLUSTERFS_OPTIONS,
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
  driver: GlusterfsDriver,
  bindings,
});
