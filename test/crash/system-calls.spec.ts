import { crashAfterEachCall } from './crashes.js';
import { FreezingProgram } from './frozen-states.js';
import { OPERATIONS } from './operations.js';
import { Stage } from './stage.js';
import { someOf } from '../support/some-of.js';

/** One state in three, another one for each operation; `npm run soak -- crash` has all of them. */
const THINNED = 3;

describe('a crash after any system call', () => {
  let stage: Stage;
  let program: FreezingProgram;
  beforeAll(async () => {
    stage = await Stage.open('raw');
    program = await FreezingProgram.start();
  });
  afterAll(async () => {
    await program[Symbol.asyncDispose]();
    await stage[Symbol.asyncDispose]();
    console.log(stage.table('crashed after system calls'));
  });

  it.each(
    someOf(
      OPERATIONS.map((operation, index) => ({ ...operation, index })),
      0.35,
    ),
  )('loses nothing: $name', async ({ index, ...operation }) => {
    const wanted = (state: number): boolean => state % THINNED === index % THINNED;
    const tally = await stage.play(operation, (staged) => crashAfterEachCall(program, staged, wanted));
    expect(tally.points).toBeGreaterThan(0);
  });
});
