import type { Caller, Configuration } from '@scoria/manager';
import { createVolumeManager } from '@scoria/manager';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const GIB = 1024 ** 3;

/** All in one directory: records in SQLite, volumes as files. */
function configurationIn(statePath: string): Configuration {
  return {
    statePath,
    databaseUrl: `sqlite:${path.join(statePath, 'scoria.db')}`,
    enabledBackends: ['local'],
    backends: [
      {
        name: 'local',
        driver: '@scoria/driver-local',
        options: { local_volumes_path: path.join(statePath, 'volumes') },
        optionsAreText: false,
      },
    ],
    quotas: { volumes: -1, snapshots: -1, gigabytes: -1 },
    listen: { host: '127.0.0.1', port: 8776 },
    backendConcurrency: 16,
    statsIntervalMs: 60_000,
    logLevel: 'warn',
  };
}

async function run(statePath: string): Promise<void> {
  await using manager = await createVolumeManager(configurationIn(statePath));
  manager.onEvent(({ type, operation, step, outcome }) => {
    if (type === 'operation-step') console.log(`    ${step ?? ''}`);
    if (type === 'operation-ended') console.log(`  ${operation ?? ''} ${outcome ?? ''}`);
  });
  await manager.start();
  await manager.settled();

  const caller: Caller = { projectId: 'example' };
  const volume = await (await manager.createVolume(caller, { name: 'data', sizeBytes: GIB })).done;
  await manager.useVolumeData(caller, volume.id, 'read-write', (device) =>
    device.write(0, Buffer.from('kept in a snapshot')),
  );
  await (
    await manager.createSnapshot(caller, { volume: volume.id, name: 'first' })
  ).done;
  const copy = await (await manager.createVolume(caller, { name: 'copy', fromSnapshot: 'first' })).done;
  const words = await manager.useVolumeData(caller, copy.id, 'read-only', (device) => device.read(0, 18));
  console.log(`the copy reads "${words.toString('utf8')}"`);
  await (
    await manager.deleteVolume(caller, copy.id)
  ).done;
  await (
    await manager.deleteVolume(caller, volume.id, { cascade: true })
  ).done;
}

const directory = await mkdtemp(path.join(tmpdir(), 'scoria-embed-'));
try {
  await run(directory);
} finally {
  await rm(directory, { recursive: true, force: true });
}
