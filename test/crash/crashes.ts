import { messageOf } from '@scoria/core';
import type { FreezingProgram } from './frozen-states.js';
import type { Staged } from './stage.js';
import { count } from './tally.js';

/**
 * Stops an operation after each system call, and checks what a crash there leaves.
 * @param wanted which of the states are checked; all of them unless told
 */
export async function crashAfterEachCall(
  program: FreezingProgram,
  { crashCase, aftermath, directory, tally }: Staged,
  wanted: (index: number) => boolean = () => true,
): Promise<void> {
  const { states } = await program.run(crashCase, directory);
  for (const [index, state] of states.entries()) {
    if (!wanted(index)) continue;
    try {
      count(tally, await aftermath.check(state));
    } catch (error) {
      throw new Error(`state ${String(index)}: ${messageOf(error)}`, { cause: error });
    }
  }
}
