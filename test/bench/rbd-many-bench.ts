import type { Volume } from '@scoria/core';
import { GIB, MIB } from '@scoria/core';
import { setTimeout as delay } from 'node:timers/promises';
import { RbdBackend } from '../rbd/rbd-backend.js';
import { CephCluster } from '../support/ceph-cluster.js';
import type { BenchOptions } from './bench-options.js';
import type { BenchResult } from './report.js';
import { Stopwatch } from './report.js';

const VOLUMES = 1000;
const TASKS = 16;
/** Creates, extensions and deletes. */
const OPERATIONS = 10_000;
const PARTS = 10;

/** A thousand volumes made and deleted by 16 tasks; then ten thousand operations, and what the process has grown by. */
export async function rbdManyBench(options: BenchOptions): Promise<BenchResult> {
  await using cluster = await CephCluster.start({ pools: [options.pool] });
  await using backend = await RbdBackend.start({ confFile: cluster.confFile, pool: options.pool });
  const watch = new Stopwatch();
  const before = await memory(backend);
  const volumes = await thousandVolumes(backend, watch);
  console.log(
    `${rateOf(watch, 'create 1000 volumes')}; ${before} before, ${await memory(backend)} with all of them`,
  );
  await watch.time('delete 1000 volumes', () =>
    eachBy(TASKS, volumes, (volume) => backend.deleteVolume(volume)),
  );
  console.log(`${rateOf(watch, 'delete 1000 volumes')}; ${await memory(backend)}`);
  for (let part = 1; part <= PARTS; part += 1) {
    await someOperations(backend, watch, OPERATIONS / PARTS);
    console.log(`after ${String((part * OPERATIONS) / PARTS)} operations: ${await memory(backend)}`);
  }
  return { ours: watch.timings };
}

async function thousandVolumes(backend: RbdBackend, watch: Stopwatch): Promise<Volume[]> {
  const volumes: Volume[] = [];
  const numbers = Array.from({ length: VOLUMES }, (_none, index) => index);
  await watch.time('create 1000 volumes', () =>
    eachBy(TASKS, numbers, async () => {
      volumes.push(await watch.time('create_volume', () => backend.createVolume(GIB)));
    }),
  );
  return volumes;
}

async function someOperations(backend: RbdBackend, watch: Stopwatch, operations: number): Promise<void> {
  const rounds = Array.from({ length: operations / 4 }, (_none, index) => index);
  await watch.time(`${String(operations)} operations`, () =>
    eachBy(TASKS, rounds, async () => {
      const volume = await backend.createVolume(GIB);
      const grown = await backend.extend(volume, 2 * GIB);
      await backend.connect(grown);
      await backend.deleteVolume(grown);
    }),
  );
}

async function eachBy<T>(
  tasks: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const task = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: tasks }, task));
}

function rateOf({ timings }: Stopwatch, operation: string): string {
  const seconds = timings[operation]?.at(-1) ?? Number.NaN;
  return `${operation}: ${seconds.toFixed(2)} s, ${(VOLUMES / seconds).toFixed(0)} a second`;
}

/** Of this process, after what nobody needs any more is gone; what the backend logged is kept by this program alone. */
async function memory({ logger }: RbdBackend): Promise<string> {
  logger.lines.length = 0;
  globalThis.gc?.();
  await delay(200);
  const { rss, heapUsed } = process.memoryUsage();
  return `${(rss / MIB).toFixed(0)} MiB resident, ${(heapUsed / MIB).toFixed(0)} MiB of objects`;
}
