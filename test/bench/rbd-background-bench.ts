import { GIB } from '@scoria/core';
import { setTimeout as sleep } from 'node:timers/promises';
import { CephStorage } from '../rbd/ceph-storage.js';
import { deepSource, FLATTEN_CLONES } from '../rbd/queue/deep-source.js';
import { FlattenProcess, p95 } from '../rbd/queue/flatten-process.js';
import type { Measured } from '../rbd/queue/queue-message.js';
import { RbdBackend } from '../rbd/rbd-backend.js';
import { CephCluster } from '../support/ceph-cluster.js';
import type { BenchOptions } from './bench-options.js';
import type { BenchResult } from './report.js';
import { Stopwatch } from './report.js';

const CLONES = 10;
/** Long enough for copies to be in full swing when the next volume is made. */
const PAUSE_MS = 300;
const VOLUME = GIB;
/** The source, what its clones come to, and room for the cluster to be at ease. */
const CLUSTER = 16 * VOLUME;

/**
 * Volumes created and deleted while nothing else goes on, and while ten clones of 1 GiB, all of it written, are made
 * independent: now and then, and without a pause. A round is ten of each. The bytes of all of them are held in memory.
 */
export async function rbdBackgroundBench(options: BenchOptions): Promise<BenchResult> {
  const { pool } = options;
  await using cluster = await CephCluster.start({ pools: [pool], bytes: CLUSTER });
  const { confFile } = cluster;
  await using storage = await CephStorage.open(cluster, { rbd_pool: pool });
  await using backend = await RbdBackend.start({ confFile, pool });
  const { source } = await deepSource(backend, VOLUME, VOLUME);
  const settings = { rbd_ceph_conf: confFile, rbd_pool: pool, ...FLATTEN_CLONES };
  await using process = await FlattenProcess.start({ options: settings, stateDirectory: cluster.directory });
  const watch = new Stopwatch();
  const count = 10 * options.rounds;
  const left = async (): Promise<number> => (await storage.journal()).length;
  const round = async (when: string): Promise<void> => {
    tell(`${when}, now and then`, await process.measure(count, PAUSE_MS), watch);
    tell(`${when}, without a pause`, await process.measure(count), watch);
  };
  await round('alone');
  await process.clone(source, CLONES);
  await round('while flattening');
  console.log(`${String(await left())} of ${String(CLONES)} flattenings were left when these had ended`);
  await watch.time('the rest of the flattenings', async () => {
    while ((await left()) > 0) await sleep(100);
  });
  return { ours: watch.timings };
}

function tell(when: string, { create, delete: remove, loopDelay }: Measured, watch: Stopwatch): void {
  for (const ms of create) watch.add(`create_volume, ${when}`, ms / 1000);
  for (const ms of remove) watch.add(`delete_volume, ${when}`, ms / 1000);
  const [made, gone, delay] = [p95(create), p95(remove), loopDelay].map((ms) => ms.toFixed(1));
  console.log(
    `${when}: p95 of create ${made!} ms, of delete ${gone!} ms; the loop was late by at most ${delay!} ms`,
  );
}
