import { MIB } from '@scoria/core';
import { parseArgs } from 'node:util';
import { GlusterServer } from '../support/gluster-server.js';
import type { ModelPlace } from '../online/model-run.js';
import { runSequence } from '../online/model-run.js';
import { glusterPlace, localPlace } from '../online/model-places.js';

const USAGE = 'usage: npm run soak -- online [--sequences NUMBER] [--steps NUMBER] [--seed NUMBER]';

/** Random operations on volumes that guests write to all the time, on GlusterFS and in a directory, raw and qcow2 each. */
export async function soakOnline(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { sequences: { type: 'string' }, steps: { type: 'string' }, seed: { type: 'string' } },
  });
  const sequences = Number(values.sequences ?? 50);
  const steps = Number(values.steps ?? 12);
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  if (![sequences, steps, seed].every(Number.isInteger)) throw new Error(USAGE);
  console.log(`seed ${String(seed)}`);
  await using server = await GlusterServer.start();
  for (const format of ['raw', 'qcow2'] as const) {
    const share = await server.createVolume(`online-${format}`);
    await server.gluster('volume', 'set', `online-${format}`, 'performance.stat-prefetch', 'off');
    for (const [name, open] of [
      ['GlusterFS', async () => glusterPlace(server, share, format)],
      ['a directory', async () => localPlace(format)],
    ] as const) {
      await using place = await open();
      const done = await runAll(place, { sequences, steps, seed });
      console.log(
        `${format} on ${name}: ${String(sequences)} sequences, ${String(done)} steps, 0 differences`,
      );
    }
  }
}

async function runAll(
  place: ModelPlace,
  { sequences, steps, seed }: { sequences: number; steps: number; seed: number },
): Promise<number> {
  let done = 0;
  for (let run = 0; run < sequences; run += 1) done += await runSequence(place, seed + run, 2 * MIB, steps);
  return done;
}
