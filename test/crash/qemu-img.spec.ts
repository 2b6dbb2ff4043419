import { ProgramSupply } from './killable-program.js';
import { OPERATIONS } from './operations.js';
import { Stage } from './stage.js';
import { killTool, killToolAndProgram } from './tool-kills.js';
import { someOf } from '../support/some-of.js';

/** Those for which qemu-img writes nothing where volumes are raw. */
const WITHOUT_TOOL = ['create volume', 'extend', 'delete volume', 'delete volume with a record', 'manage'];
const WITH_TOOL = OPERATIONS.filter(({ name }) => !WITHOUT_TOOL.includes(name));

describe('qemu-img that is killed in the middle of its writes', () => {
  let alone: Stage;
  let together: Stage;
  let programs: ProgramSupply;
  beforeAll(async () => {
    programs = new ProgramSupply();
    [alone, together] = await Promise.all([Stage.open('raw'), Stage.open('raw')]);
  });
  afterAll(async () => {
    await programs[Symbol.asyncDispose]();
    await Promise.all([alone[Symbol.asyncDispose](), together[Symbol.asyncDispose]()]);
    console.log(alone.table('qemu-img killed at each write'));
    console.log(together.table('killed together with its process'));
  });

  it.each(someOf(WITH_TOOL, 0.35))('alone, at each of them, loses nothing: $name', async (operation) => {
    const { points } = await alone.play(operation, killTool);
    expect(points).toBeGreaterThan(0);
  });

  it.each(someOf(WITH_TOOL, 0.35))(
    'together with its process, at the first, loses nothing: $name',
    async (operation) => {
      const { points } = await together.play(operation, (staged) =>
        killToolAndProgram({ ...staged, programs }, 1),
      );
      expect(points).toBeGreaterThan(0);
    },
  );
});
