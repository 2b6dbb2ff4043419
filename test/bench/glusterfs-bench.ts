import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { GlusterBackend } from '../glusterfs/gluster-backend.js';
import { GlusterServer } from '../support/gluster-server.js';
import { backendRound } from './backend-round.js';
import type { BenchOptions } from './bench-options.js';
import { CinderRounds } from './cinder-rounds.js';
import { PeerProgram } from './peer-program.js';
import type { BenchResult } from './report.js';
import { Stopwatch } from './report.js';

/** How many rounds one has before it is the other's turn; a program that is started for each turn takes a while. */
const TURN = 3;

/** Ours and whoever it is compared with take turns on one mounted share of a server that is started here. */
export async function glusterfsBench(options: BenchOptions): Promise<BenchResult> {
  const parent = path.resolve(options.directory);
  await mkdir(parent, { recursive: true });
  await using server = await GlusterServer.start({ parent });
  const share = await server.createVolume('bench');
  await server.gluster('volume', 'set', 'bench', 'performance.stat-prefetch', 'off');
  await using ours = await GlusterBackend.start(server, { shares: share, trusting: true });
  const mountPoint = ours.mountPoint(share);
  await using cinder = options.peer
    ? await CinderRounds.start(path.join(mountPoint, 'bench-cinder'))
    : undefined;
  const program = await programIn(path.join(mountPoint, 'bench-peer'), options);
  const watch = new Stopwatch();
  for (let left = options.rounds; left > 0; left -= TURN) {
    const turn = Math.min(left, TURN);
    for (let round = 0; round < turn; round += 1) await backendRound(ours, watch, options.depth);
    for (let round = 0; round < turn; round += 1) await cinder?.round(options.depth);
    await program?.rounds(turn);
  }
  const peer = program?.watch ?? cinder?.watch;
  return { ours: watch.timings, ...(peer === undefined ? {} : { peer: peer.timings }) };
}

async function programIn(
  directory: string,
  { peerProgram, depth }: BenchOptions,
): Promise<PeerProgram | undefined> {
  if (peerProgram === undefined) return undefined;
  await mkdir(directory, { recursive: true });
  return new PeerProgram(path.resolve(peerProgram), (rounds) => [directory, String(rounds), String(depth)]);
}
