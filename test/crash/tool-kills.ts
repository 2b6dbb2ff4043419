import { isDriverError, messageOf } from '@scoria/core';
import { startDriver } from '../support/driver-on-directory.js';
import type { KillSite } from './step-kills.js';
import { killOnce } from './step-kills.js';
import { readShare, writeShare } from './share-image.js';
import type { Staged } from './stage.js';
import { count } from './tally.js';
import type { ToolKill } from './tool-wrapper.js';
import { ToolWrapper } from './tool-wrapper.js';

/** Tries one kill; says whether qemu-img got to be killed. */
type Attempt = (wrapper: ToolWrapper, kill: ToolKill) => Promise<boolean>;

/** Every write of every run of qemu-img, or the first few of each run. */
async function atEachWrite(directory: string, attempt: Attempt, atMost = Infinity): Promise<void> {
  const wrapper = new ToolWrapper(`${directory}.tools`);
  for (let run = 1; ; run += 1) {
    for (let write = 1; write <= atMost; write += 1) {
      await wrapper.set({ run, write });
      if (!(await attempt(wrapper, { run, write }))) break;
    }
    if ((await wrapper.runs()) <= run) return;
  }
}

/** Kills qemu-img at each write of each run; the process that runs it lives, and a new one finds what is left. */
export async function killTool(staged: Staged): Promise<void> {
  await atEachWrite(staged.directory, (wrapper, kill) => killToolOnce(staged, wrapper, kill));
}

async function killToolOnce(staged: Staged, wrapper: ToolWrapper, kill: ToolKill): Promise<boolean> {
  const { crashCase, directory, aftermath, tally } = staged;
  await writeShare(directory, crashCase.image);
  {
    const host = { systemPath: wrapper.systemPath };
    await using on = await startDriver(directory, { options: crashCase.options, host });
    try {
      await crashCase.operation.run(on.driver, on.context(), crashCase.recordsIn(directory));
    } catch (error) {
      if (!isDriverError(error, 'failed')) throw error;
    }
  }
  if (!(await wrapper.hasKilled())) return false;
  try {
    count(tally, await aftermath.check(await readShare(directory)));
  } catch (error) {
    throw new Error(`${describe(kill)}: ${messageOf(error)}`, { cause: error });
  }
  return true;
}

/** The same, and the process that runs it is killed at the same moment. */
export async function killToolAndProgram(site: KillSite, atMost?: number): Promise<void> {
  const attempt: Attempt = async (wrapper, kill) => {
    await wrapper.set({ ...kill, withProgram: true });
    return killOnce(site, describe(kill), { systemPath: wrapper.systemPath });
  };
  await atEachWrite(site.directory, attempt, atMost);
}

function describe({ run, write }: ToolKill): string {
  return `write ${String(write)} of run ${String(run)} of qemu-img`;
}
