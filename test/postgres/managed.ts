import type { Configuration, VolumeManager } from '@scoria/manager';
import path from 'node:path';

export const CALLER = { projectId: 'project' };

/** A manager of volumes in a directory, with its records in a database; several may have the same. */
export function configurationOf(directory: string, databaseUrl: string): Configuration {
  return {
    statePath: path.join(directory, 'state'),
    databaseUrl,
    enabledBackends: ['local'],
    backends: [
      {
        name: 'local',
        driver: '@scoria/driver-local',
        options: { local_volumes_path: path.join(directory, 'volumes') },
        optionsAreText: false,
      },
    ],
    quotas: { volumes: 10, snapshots: 10, gigabytes: 1000 },
    listen: { host: '127.0.0.1', port: 8776 },
    backendConcurrency: 4,
    statsIntervalMs: 60_000,
    logLevel: 'error',
  };
}

export async function write(
  manager: VolumeManager,
  volume: string,
  offset: number,
  data: Buffer,
): Promise<void> {
  await manager.useVolumeData(CALLER, volume, 'read-write', (device) => device.write(offset, data));
}

export async function read(
  manager: VolumeManager,
  volume: string,
  offset: number,
  length: number,
): Promise<Buffer> {
  return manager.useVolumeData(CALLER, volume, 'read-only', (device) => device.read(offset, length));
}

/** Waits for the end of what was accepted. */
export async function ended<T>(accepted: Promise<{ readonly done: Promise<T> }>): Promise<T> {
  return (await accepted).done;
}
