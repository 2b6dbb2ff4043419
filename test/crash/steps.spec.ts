import { ProgramSupply } from './killable-program.js';
import { OPERATIONS } from './operations.js';
import { Stage } from './stage.js';
import { killAtEveryOtherStep } from './step-kills.js';
import { someOf } from '../support/some-of.js';

/** Every step, in both formats: `npm run soak -- crash`. */
describe('a process that is killed at any step', () => {
  let stage: Stage;
  let programs: ProgramSupply;
  beforeAll(async () => {
    programs = new ProgramSupply();
    stage = await Stage.open('raw');
  });
  afterAll(async () => {
    await programs[Symbol.asyncDispose]();
    await stage[Symbol.asyncDispose]();
    console.log(stage.table('killed at steps'));
  });

  it.each(someOf(OPERATIONS, 0.4))('loses nothing: $name', async (operation) => {
    const tally = await stage.play(operation, (staged) => killAtEveryOtherStep({ ...staged, programs }));
    expect(tally.points).toBeGreaterThan(0);
  });
});
