import { parseArgs } from 'node:util';
import { KillRun } from '../manager/kill/kill-run.js';

const USAGE = 'usage: npm run soak -- manager [--kills NUMBER] [--seed NUMBER]';

/** Managers and commands killed at each step of each operation, and then at random; ends at the first loss. */
export async function soakManager(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { kills: { type: 'string' }, seed: { type: 'string' } },
  });
  const kills = Number(values.kills ?? 1000);
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  if (!Number.isInteger(kills) || !Number.isInteger(seed)) throw new Error(USAGE);
  const began = performance.now();
  await using run = await KillRun.open(seed);
  console.log(`seed ${String(seed)}`);
  await run.killAtEveryStep();
  console.log(run.tally.describe());
  while (run.tally.kills < kills) {
    await run.killAtRandom(Math.min(100, kills - run.tally.kills));
    console.log(run.tally.describe());
  }
  await run.finish();
  console.log(`all right after ${String(Math.round((performance.now() - began) / 1000))} s`);
}
