import { Seeded } from '../../support/seeded.js';
import type { Arena } from './arena.js';
import { CommandRacer } from './command-racer.js';
import type { Pair } from './contests.js';
import type { RaceTally } from './race-tally.js';
import { race } from './race.js';
import { late, withNewcomer } from './racer.js';

/** How much later one of the two may be told, at most: as long as a short operation takes. */
const MOST_MS = 12;

/** Two managers, told at the same moment in every other round, and one a little later than the other in the rest. */
export async function raceManagers(
  arena: Arena,
  pair: Pair,
  rounds: number,
  seed = Math.floor(Math.random() * 2 ** 31),
): Promise<RaceTally> {
  const random = new Seeded(seed);
  const [one, two] = arena.managers;
  return race(arena, Array<Pair>(rounds).fill(pair), (round) => {
    const milliseconds = round % 2 === 0 ? 0 : random.below(MOST_MS);
    return random.below(2) === 0 ? [one, late(two, milliseconds)] : [late(one, milliseconds), two];
  });
}

/** A manager and a command, which has the first order of a pair and of the next one the second. */
export async function raceBesideCommand(arena: Arena, pairs: readonly Pair[]): Promise<RaceTally> {
  const manager = withNewcomer(arena.managers[0], arena.owners);
  const command = new CommandRacer(arena.directory);
  return race(arena, pairs, (round) => (round % 2 === 0 ? [command, manager] : [manager, command]));
}
