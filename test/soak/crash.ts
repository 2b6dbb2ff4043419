import { crashAfterEachCall } from '../crash/crashes.js';
import { FreezingProgram } from '../crash/frozen-states.js';
import { ProgramSupply } from '../crash/killable-program.js';
import { OPERATIONS } from '../crash/operations.js';
import type { BaseFormat } from '../crash/scene.js';
import type { Staged } from '../crash/stage.js';
import { Stage } from '../crash/stage.js';
import { killAtEachStep } from '../crash/step-kills.js';
import { killTool, killToolAndProgram } from '../crash/tool-kills.js';

type Kill = (staged: Staged) => Promise<void>;

/** Every operation, killed in every way at every point, over both formats; ends at the first loss. */
export async function soakCrash(): Promise<void> {
  for (const format of ['raw', 'qcow2'] as const) {
    {
      await using programs = new ProgramSupply();
      await killAll(format, 'killed at each step', (staged) => killAtEachStep({ ...staged, programs }));
      await killAll(format, 'qemu-img killed at each write', killTool);
      await killAll(format, 'killed together with qemu-img at each write', (staged) =>
        killToolAndProgram({ ...staged, programs }),
      );
    }
    await using freezing = await FreezingProgram.start();
    await killAll(format, 'crashed after each system call', (staged) => crashAfterEachCall(freezing, staged));
  }
}

async function killAll(format: BaseFormat, title: string, kill: Kill): Promise<void> {
  await using stage = await Stage.open(format);
  const began = performance.now();
  for (const operation of OPERATIONS) await stage.play(operation, kill);
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(`\n${stage.table(`${title}, ${format} volumes`)}\n${String(seconds)} s`);
}
