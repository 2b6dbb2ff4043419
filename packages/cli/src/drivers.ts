import type { ConfigurationSource } from '@scoria/manager';
import path from 'node:path';
import type { Globals } from './globals.js';

/** The drivers that come with the command; others are named by their package or path. */
export const DRIVERS = {
  packages: ['@scoria/driver-local', '@scoria/driver-nfs', '@scoria/driver-glusterfs', '@scoria/driver-rbd'],
  aliases: {
    'cinder.volume.drivers.nfs.NfsDriver': '@scoria/driver-nfs',
    'cinder.volume.drivers.glusterfs.GlusterfsDriver': '@scoria/driver-glusterfs',
    'cinder.volume.drivers.rbd.RBDDriver': '@scoria/driver-rbd',
  },
};

/** Where this command looks for its configuration. */
export function configurationSource({ config }: Pick<Globals, 'config'>): ConfigurationSource {
  return {
    env: process.env,
    cwd: process.cwd(),
    drivers: DRIVERS,
    defaultDriver: {
      driver: '@scoria/driver-local',
      options: (statePath) => ({ local_volumes_path: path.join(statePath, 'volumes') }),
    },
    ...(config === undefined ? {} : { file: config }),
  };
}
