import { parseArgs } from 'node:util';
import { Arena } from '../manager/races/arena.js';
import { PAIRS } from '../manager/races/contests.js';
import { raceManagers } from '../manager/races/line-ups.js';

const ROUNDS = 200;

/** Two managers at one volume at the same moment, each pair of operations many times; ends at the first wrong end. */
export async function soakRaces(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { rounds: { type: 'string' } } });
  const rounds = Number(values.rounds ?? ROUNDS);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error('usage: npm run soak -- races [--rounds NUMBER]');
  await using arena = await Arena.open();
  for (const pair of PAIRS) {
    const tally = await raceManagers(arena, pair, rounds);
    console.log(`${pair.join(' and ')}: ${tally.describe()}`);
  }
}
