import { messageOf } from '@scoria/core';
import type { Aftermath } from './aftermath.js';
import type { CrashCase } from './crash-case.js';
import type { OrderExtras, ProgramSupply } from './killable-program.js';
import { readShare, writeShare } from './share-image.js';
import type { Tally } from './tally.js';
import { count } from './tally.js';

/** Where processes are killed, and what is done about it. */
export interface KillSite {
  readonly programs: ProgramSupply;
  readonly crashCase: CrashCase;
  readonly aftermath: Aftermath;
  /** The share they are killed on. */
  readonly directory: string;
  readonly tally: Tally;
}

/** Kills the process at the beginning of each step, one after the other, until it gets to its end. */
export async function killAtEachStep(site: KillSite): Promise<void> {
  await killAtSteps(site, 1, 1);
}

/** Kills it at every other step only, beginning with the first or the second by chance. */
export async function killAtEveryOtherStep(site: KillSite): Promise<void> {
  await killAtSteps(site, 1 + Math.floor(Math.random() * 2), 2);
  // Some operations have one step only.
  if (site.tally.points === 0) await killAtSteps(site, 1, 2);
}

async function killAtSteps(site: KillSite, first: number, every: number): Promise<void> {
  for (let killAtStep = first; ; killAtStep += every) {
    if (!(await killOnce(site, `step ${String(killAtStep)}`, { killAtStep }))) return;
  }
}

/**
 * Runs the operation in a process that is to be killed, and checks what it has left.
 * @returns false if it came to its end before
 */
export async function killOnce(site: KillSite, where: string, extras: OrderExtras): Promise<boolean> {
  const { crashCase, directory, tally, aftermath } = site;
  await writeShare(directory, crashCase.image);
  const program = await site.programs.take();
  const result = await program.obey(crashCase, directory, extras);
  if (result.end === 'killed') await program[Symbol.asyncDispose]();
  else await site.programs.giveBack(program);
  if (result.end === 'done') return false;
  if (result.end === 'failed') throw new Error(`not killed at ${where}, but ${result.message}`);
  try {
    count(tally, await aftermath.check(await readShare(directory)));
  } catch (error) {
    throw new Error(`killed at ${where}: ${messageOf(error)}`, { cause: error });
  }
  return true;
}
