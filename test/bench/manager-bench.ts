import { Clock, Container, LockManager, Logger } from '@scoria/core';
import { hostModule } from '@scoria/host';
import type { Caller, Configuration, VolumeManager } from '@scoria/manager';
import { createVolumeManager } from '@scoria/manager';
import type { SnapshotRecord, Store, VolumeRecord } from '@scoria/store';
import { openStore } from '@scoria/store';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BenchOptions } from './bench-options.js';
import type { BenchResult } from './report.js';
import { Stopwatch } from './report.js';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
const CALLER: Caller = { projectId: 'default' };
const CREATES = 200;
const CLIENTS = 8;
const SNAPSHOTS_EACH = 3;
const BATCH = 1000;
const SIZES = [100, 100_000];
const SCORIA = fileURLToPath(new URL('../../../packages/cli/bin/scoria.cjs', import.meta.url));

/** What the manager costs: creates by several clients, and what a full store adds to each request. */
export async function managerBench({ directory, rounds }: BenchOptions): Promise<BenchResult> {
  const watch = new Stopwatch();
  const root = new Container();
  root.load(hostModule({ log: { level: 'error' } }));
  for (const size of SIZES) {
    const state = path.join(directory, `manager-${String(size)}`);
    await rm(state, { recursive: true, force: true });
    try {
      await measure({ watch, root, state, size, rounds });
    } finally {
      await rm(state, { recursive: true, force: true });
    }
  }
  return { ours: watch.timings };
}

interface Measurement {
  readonly watch: Stopwatch;
  readonly root: Container;
  readonly state: string;
  readonly size: number;
  readonly rounds: number;
}

async function measure({ watch, root, state, size, rounds }: Measurement): Promise<void> {
  const configuration = configurationIn(state);
  await seed(root, configuration, size);
  const label = (what: string): string => `${what}, ${String(size)} volumes`;
  const start = performance.now();
  await using manager = await createVolumeManager(configuration, { root });
  await manager.start();
  await manager.settled();
  watch.add(label('start'), (performance.now() - start) / 1000);
  await createMany(watch, label(`${String(CREATES)} creates by ${String(CLIENTS)} clients`), manager);
  for (let round = 0; round < rounds; round += 1) await requests(watch, label, manager);
  for (let round = 0; round < rounds; round += 1) await commands(watch, label, state);
  console.error(`${label('memory')}: ${String(Math.round(process.memoryUsage().rss / MIB))} MiB`);
}

async function createMany(watch: Stopwatch, label: string, manager: VolumeManager): Promise<void> {
  const made: string[] = [];
  await watch.time(label, async () => {
    await Promise.all(
      Array.from({ length: CLIENTS }, async (_, client) => {
        for (let index = client; index < CREATES; index += CLIENTS) {
          const { done } = await manager.createVolume(CALLER, {
            name: `made-${String(index)}`,
            sizeBytes: GIB,
          });
          made.push((await done).id);
        }
      }),
    );
  });
  for (const id of made) await (await manager.deleteVolume(CALLER, id)).done;
}

async function requests(
  watch: Stopwatch,
  label: (what: string) => string,
  manager: VolumeManager,
): Promise<void> {
  const volume = await watch.time(label('create'), async () => {
    const { done } = await manager.createVolume(CALLER, { name: 'one', sizeBytes: GIB });
    return done;
  });
  await watch.time(label('show'), async () => manager.getVolume(CALLER, volume.id));
  await watch.time(label('list a page of 50 by state'), async () =>
    manager.listVolumes(CALLER, { status: 'available', limit: 50 }),
  );
  await watch.time(label('list a page of 50 by name'), async () =>
    manager.listVolumes(CALLER, { name: 'volume-7', limit: 50 }),
  );
  await watch.time(label('list 50 snapshots'), async () => manager.listSnapshots(CALLER, { limit: 50 }));
  await watch.time(label('delete'), async () => (await manager.deleteVolume(CALLER, volume.id)).done);
}

async function commands(watch: Stopwatch, label: (what: string) => string, state: string): Promise<void> {
  const run = async (...args: string[]): Promise<unknown> =>
    promisify(execFile)(process.execPath, [SCORIA, '--config', path.join(state, 'scoria.yaml'), ...args]);
  await watch.time(label('scoria volume show'), async () => run('volume', 'show', 'volume-7'));
  await watch.time(label('scoria volume list --limit 50'), async () =>
    run('volume', 'list', '--limit', '50'),
  );
}

async function seed(root: Container, configuration: Configuration, size: number): Promise<void> {
  const { statePath, databaseUrl } = configuration;
  await mkdir(statePath, { recursive: true });
  const yaml = [`state_path: ${statePath}`, 'enabled_backends: [local]', 'backends:', '  local:'];
  yaml.push("    volume_driver: '@scoria/driver-local'", `    local_volumes_path: ${statePath}/volumes`, '');
  await writeFile(path.join(statePath, 'scoria.yaml'), yaml.join('\n'));
  root.get<Logger>(Logger).debug('filling the store', { size });
  await using store = await openStore({
    url: databaseUrl,
    clock: root.get<Clock>(Clock),
    lockManager: root.get<LockManager>(LockManager),
    lockDirectory: path.join(statePath, 'owners'),
  });
  for (let from = 0; from < size; from += BATCH) await seedBatch(store, from, Math.min(size, from + BATCH));
}

async function seedBatch(store: Store, from: number, to: number): Promise<void> {
  await store.transaction(async (records) => {
    for (let index = from; index < to; index += 1) {
      const volume = volumeRecord(index);
      await records.insertVolume(volume);
      for (let each = 0; each < SNAPSHOTS_EACH; each += 1)
        await records.insertSnapshot(snapshotRecord(volume, each));
    }
    const volumes = to - from;
    await records.addQuotaUsage(CALLER.projectId, 'volumes', volumes);
    await records.addQuotaUsage(CALLER.projectId, 'snapshots', volumes * SNAPSHOTS_EACH);
    await records.addQuotaUsage(CALLER.projectId, 'gigabytes', volumes * (SNAPSHOTS_EACH + 1) * GIB);
  });
}

function volumeRecord(index: number): VolumeRecord {
  const at = new Date(Date.UTC(2024, 0, 1) + index * 1000).toISOString();
  return {
    id: randomUUID(),
    name: `volume-${String(index)}`,
    projectId: CALLER.projectId,
    sizeBytes: GIB,
    status: 'available',
    backend: 'local',
    providerMetadata: { format: 'raw' },
    metadata: { index: String(index % 100) },
    countsInQuota: true,
    createdAt: at,
    updatedAt: at,
  };
}

function snapshotRecord(volume: VolumeRecord, each: number): SnapshotRecord {
  const { projectId, sizeBytes, createdAt, updatedAt } = volume;
  return {
    id: randomUUID(),
    volumeId: volume.id,
    name: `snapshot-${String(each)}`,
    projectId,
    sizeBytes,
    status: 'available',
    providerMetadata: {},
    metadata: {},
    countsInQuota: true,
    createdAt,
    updatedAt,
  };
}

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
    logLevel: 'error',
  };
}
