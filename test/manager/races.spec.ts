import { Arena } from './races/arena.js';
import { mayShare, mustConflict, PAIRS } from './races/contests.js';
import { raceBesideCommand, raceManagers } from './races/line-ups.js';

const ROUNDS = 3;
/** By then the two have met. */
const MOST_ROUNDS = 20;
/** A command takes long to start. */
const COMMAND_PAIRS = PAIRS.filter((_, index) => index % 4 === 0);

describe('two at one volume at the same moment', () => {
  let arena: Arena;
  beforeAll(async () => {
    arena = await Arena.open();
  });
  afterAll(() => arena[Symbol.asyncDispose]());

  it.each(PAIRS)('managers: %s and %s', async (...pair) => {
    const tally = await raceManagers(arena, pair, ROUNDS);
    if (mayShare(pair)) expect(tally.count('shared')).toBe(ROUNDS);
    if (!mustConflict(pair)) return;
    let conflicts = tally.count('conflict');
    for (let round = ROUNDS; conflicts === 0 && round < MOST_ROUNDS; round += 2)
      conflicts = (await raceManagers(arena, pair, 2)).count('conflict');
    expect(conflicts).toBeGreaterThan(0);
  });

  it('a manager and a command: some of these pairs', async () => {
    const tally = await raceBesideCommand(arena, COMMAND_PAIRS);
    expect(tally.count('conflict')).toBeGreaterThan(0);
    expect(tally.count('shared')).toBe(COMMAND_PAIRS.filter(mayShare).length);
  });

  it('leave nothing on the backends', async () => {
    expect(await arena.files()).toEqual([]);
  });
});
