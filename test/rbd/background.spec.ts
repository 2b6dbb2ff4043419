import type { Volume } from '@scoria/core';
import { MIB } from '@scoria/core';
import { setTimeout as sleep } from 'node:timers/promises';
import { CephCluster } from '../support/ceph-cluster.js';
import { CephStorage } from './ceph-storage.js';
import { deepSource, FLATTEN_CLONES, hasData } from './queue/deep-source.js';
import { FlattenProcess, p95 } from './queue/flatten-process.js';
import type { Measured } from './queue/queue-message.js';
import { RbdBackend } from './rbd-backend.js';

const SIZE = 512 * MIB;
const DATA = 64 * MIB;
const CLONES = 10;
const AT_A_TIME = 2;
const ROUNDS = 10;
const LOOK_MS = 50;

let ceph: CephCluster;
let storage: CephStorage;
let backend: RbdBackend;

beforeAll(async () => {
  ceph = await CephCluster.start({ settings: { osd_client_watch_timeout: '2' } });
  storage = await CephStorage.open(ceph);
  // Of another process; it makes no clones.
  backend = await RbdBackend.start({ confFile: ceph.confFile });
});
afterAll(async () => {
  await backend[Symbol.asyncDispose]();
  await storage[Symbol.asyncDispose]();
  await ceph[Symbol.asyncDispose]();
});

async function start(): Promise<FlattenProcess> {
  const patience = { rados_connection_retries: 10, rados_connection_interval: 1 };
  const limit = { rbd_concurrent_flatten_operations: AT_A_TIME };
  const options = { rbd_ceph_conf: ceph.confFile, rbd_pool: 'rbd', ...patience, ...limit, ...FLATTEN_CLONES };
  return FlattenProcess.start({ options, stateDirectory: ceph.directory });
}

interface Queue {
  /** What is left of it. */
  readonly queued: readonly string[];
  /** Those that were begun. */
  readonly begun: readonly string[];
}

/** As the journal in the pool has it, which whoever starts next reads. */
async function queue(): Promise<Queue> {
  const entries = [...(await storage.pool.keys('scoria_journal'))].map(([image, value]) => ({
    image,
    intent: (JSON.parse(value.toString()) as { intent: { kind: string; parent?: object } }).intent,
  }));
  const flattens = entries.filter(({ intent }) => intent.kind === 'flatten');
  return {
    queued: flattens.map(({ image }) => image),
    begun: flattens.filter(({ intent }) => intent.parent !== undefined).map(({ image }) => image),
  };
}

/** Looks again and again, until it is as it should be; and that never too many are under way. */
async function watchQueue(isEnough: (state: Queue) => boolean): Promise<number> {
  let most = 0;
  for (;;) {
    const state = await queue();
    most = Math.max(most, state.begun.length);
    if (isEnough(state)) return most;
    await sleep(LOOK_MS);
  }
}

async function parentsOf(volumes: readonly Volume[]): Promise<(string | undefined)[]> {
  return Promise.all(
    volumes.map(async ({ id }) => {
      await using image = await storage.pool.openImage(`volume-${id}`, { readOnly: true });
      return (await image.parent())?.image;
    }),
  );
}

function tell(before: Measured, meanwhile: Measured): void {
  const compared = (one: number, other: number): string =>
    `${one.toFixed(1)} ms before, ${other.toFixed(1)} ms beside the flattenings`;
  console.log(
    [
      `create: p95 ${compared(p95(before.create), p95(meanwhile.create))}`,
      `delete: p95 ${compared(p95(before.delete), p95(meanwhile.delete))}`,
      `loop delay at most: ${compared(before.loopDelay, meanwhile.loopDelay)}`,
    ].join('\n'),
  );
}

it('ten flattenings are in nobody’s way, some at a time, and go on in the next process when theirs is killed', async () => {
  const { ancestor, source } = await deepSource(backend, SIZE, DATA);
  const first = await start();
  const before = await first.measure(ROUNDS);
  const clones = await first.clone(source, CLONES);
  const mostBefore = await watchQueue(({ queued, begun }) => queued.length === 0 || begun.length > 0);
  await first.kill();
  const queued = (await queue()).queued;
  expect(queued.length).toBeGreaterThan(0);

  await using second = await start();
  const measuring = second.measure(ROUNDS);
  const mostAfter = await watchQueue(({ queued }) => queued.length === 0);
  tell(before, await measuring);
  expect(Math.max(mostBefore, mostAfter)).toBeLessThanOrEqual(AT_A_TIME);
  const told = second.progress.map(({ image }) => image);
  // Nobody says how far one is that was all but done.
  expect(queued.filter((image) => told.includes(image)).length).toBeGreaterThanOrEqual(
    queued.length - AT_A_TIME,
  );
  for (const { done, total } of [...first.progress, ...second.progress])
    expect(done).toBeLessThanOrEqual(total);
  expect(await parentsOf(clones)).toEqual(clones.map(() => undefined));

  await backend.deleteVolume(source);
  await backend.deleteVolume(ancestor);
  for (const clone of clones) {
    expect(await hasData(backend, clone, DATA)).toBe(true);
    await backend.deleteVolume(clone);
  }
  expect([await storage.names(), await storage.journal()]).toEqual([[], []]);
});
