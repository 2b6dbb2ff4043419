import { ContainerModule, defineDriver, DriverOptions } from '@scoria/core';
import {
  bindLocalDirectory,
  bindRemoteFs,
  LocalDirectoryOptions,
  remoteFsPolicy,
  RemoteFsPolicy,
} from '@scoria/remotefs';
import path from 'node:path';
import { LocalDriver } from './local-driver.js';
import { LOCAL_OPTIONS } from './options.js';
import type { LocalOptions } from './options.js';

const bindings = new ContainerModule(({ bind }) => {
  bindRemoteFs(bind);
  bindLocalDirectory(bind);
  bind<LocalDirectoryOptions>(LocalDirectoryOptions).toDynamicValue((context) => ({
    directory: path.resolve(context.get<LocalOptions>(DriverOptions).local_volumes_path),
  }));
  bind<RemoteFsPolicy>(RemoteFsPolicy).toDynamicValue((context) => {
    const options = context.get<LocalOptions>(DriverOptions);
    return remoteFsPolicy(options, {
      format: options.local_volume_format,
      preallocated: options.local_volume_preallocated,
    });
  });
});

export { LOCAL_OPTIONS, LocalDriver };

/** Volumes in a directory: nothing to mount, snapshots as qcow2 chains, clones by reflink where the file system can. */
export default defineDriver({
  name: 'local',
  apiRange: '^1.0.0',
  options: LOCAL_OPTIONS,
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
  driver: LocalDriver,
  bindings,
});
