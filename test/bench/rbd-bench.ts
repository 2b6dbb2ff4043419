import { GIB } from '@scoria/core';
import path from 'node:path';
import { RbdBackend } from '../rbd/rbd-backend.js';
import { CephCluster } from '../support/ceph-cluster.js';
import type { BenchOptions } from './bench-options.js';
import { PeerProgram } from './peer-program.js';
import type { BenchResult } from './report.js';
import { Stopwatch } from './report.js';

/** How many rounds one has before it is the other's turn; a program that is started for each turn takes a while. */
const TURN = 5;

/** Ours and whoever it is compared with take turns on one pool: the one that is named, or of a cluster started here. */
export async function rbdBench(options: BenchOptions): Promise<BenchResult> {
  await using own =
    options.confFile === undefined ? await CephCluster.start({ pools: [options.pool] }) : undefined;
  const confFile = path.resolve(options.confFile ?? own?.confFile ?? '');
  await using backend = await RbdBackend.start({ confFile, pool: options.pool });
  const program = peerOf(options, confFile);
  const watch = new Stopwatch();
  for (let left = options.rounds; left > 0; left -= TURN) {
    const turn = Math.min(left, TURN);
    for (let round = 0; round < turn; round += 1) await rbdRound(backend, watch);
    await program?.rounds(turn);
  }
  return { ours: watch.timings, ...(program === undefined ? {} : { peer: program.watch.timings }) };
}

function peerOf({ peerProgram, pool }: BenchOptions, confFile: string): PeerProgram | undefined {
  if (peerProgram === undefined) return undefined;
  return new PeerProgram(path.resolve(peerProgram), (count) => [confFile, pool, String(count)]);
}

/** Each operation once, on volumes of 1 GiB that nothing was written to. */
async function rbdRound(backend: RbdBackend, watch: Stopwatch): Promise<void> {
  const volume = await watch.time('create_volume', () => backend.createVolume(GIB));
  const snapshot = await watch.time('create_snapshot', () => backend.snapshot(volume));
  const copy = await watch.time('create_volume_from_snapshot', () => backend.volumeOf(snapshot));
  const clone = await watch.time('create_cloned_volume', () => backend.clone(volume));
  const grown = await watch.time('extend_volume', () => backend.extend(volume, 2 * GIB));
  await watch.time('initialize_connection', () => backend.connect(grown));
  await watch.time('delete_volume(clone)', () => backend.deleteVolume(clone));
  await watch.time('delete_volume(from snap)', () => backend.deleteVolume(copy));
  await watch.time('delete_snapshot', () => backend.deleteSnapshot(snapshot));
  await watch.time('delete_volume', () => backend.deleteVolume(grown));
  await watch.time('get_volume_stats', () => backend.driver.stats(backend.context()));
}
