import { runSimulatedTrees } from './testing/index.js';

/** A failure is made as short as it can be, which takes its time. */
const LONGEST_MS = 300_000;

describe('random trees of clones, with processes that die at any change', () => {
  it(
    'leave in the pool what the records say, and nothing at the end',
    async () => {
      await runSimulatedTrees({ sequences: 150, seed: Date.now() % 2 ** 31 });
    },
    LONGEST_MS,
  );
});
