import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { BareRounds } from './bare-rounds.js';
import { CinderRounds } from './cinder-rounds.js';
import { LocalRounds } from './local-rounds.js';
import type { BenchOptions } from './bench-options.js';
import type { BenchResult } from './report.js';

/** Ours and whoever it is compared with take turns, round by round, so that a slow minute hits all of them. */
export async function remotefsBench(options: BenchOptions): Promise<BenchResult> {
  const directory = path.resolve(options.directory);
  const [ours, theirs, alone] = ['scoria', 'cinder', 'bare'].map((name) =>
    path.join(directory, `bench-${name}`),
  ) as [string, string, string];
  await Promise.all([ours, theirs, alone].map((made) => mkdir(made, { recursive: true })));
  try {
    await using local = await LocalRounds.start(ours);
    await using peer = options.peer ? await CinderRounds.start(theirs) : undefined;
    const bare = options.bare ? new BareRounds(alone) : undefined;
    for (let round = 0; round < options.rounds; round += 1) {
      await local.round(options.depth);
      await peer?.round(options.depth);
      await bare?.round(options.depth);
    }
    return {
      ours: local.watch.timings,
      ...(peer === undefined ? {} : { peer: peer.watch.timings }),
      ...(bare === undefined ? {} : { bare: bare.watch.timings }),
    };
  } finally {
    await Promise.all(
      [ours, `${ours}.state`, theirs, alone].map((made) => rm(made, { recursive: true, force: true })),
    );
  }
}
