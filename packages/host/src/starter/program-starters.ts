import { openElsewhere } from './open-elsewhere.js';
import { Starter } from './starter.js';

/**
 * Who starts this process's programs: itself, or, once that was asked for, a {@link Starter}. A fork has all that its
 * parent has open, and closes it before the new program begins, for which the parent waits: where that is on a share
 * that hangs, all of the parent's work stands still.
 */
export class ProgramStarters {
  #isolated = false;
  #starter: Starter | undefined;

  /** From now on programs are started by a process of its own, which is made now unless it is there. */
  isolate(setpriv: string): void {
    this.#isolated = true;
    this.#starter ??= Starter.fork(setpriv);
  }

  /**
   * The starter, or undefined where this process is to start its programs itself. One that has ended is made anew
   * once that can be done without waiting for a share.
   * @throws Error that says why there is none
   */
  current(setpriv: string): Starter | undefined {
    if (!this.#isolated) return undefined;
    if (this.#starter?.hasEnded === true) {
      const [open] = openElsewhere();
      if (open !== undefined) throw noStarter(open);
      this.#starter = undefined;
    }
    return (this.#starter ??= Starter.fork(setpriv));
  }
}

/** The one of this process: there is no use in several. */
export const programStarters = new ProgramStarters();

function noStarter(open: string): Error {
  return new Error(
    `the process that starts programs has ended, and another one can be made only while nothing is open on a mounted ` +
      `share, as ${open} is; try again when what uses it has ended`,
  );
}
