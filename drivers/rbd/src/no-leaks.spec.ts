import { runSimulatedTrees } from './testing/index.js';

describe('random trees of clones, with processes that die at any change', () => {
  it('leave in the pool what the records say, and nothing at the end', async () => {
    await runSimulatedTrees({ sequences: 100, seed: Date.now() % 2 ** 31 });
  });
});
