import { Clock } from '@scoria/core';
import { inject, injectable } from 'inversify';
import { CopySlice, QUIET_MS } from './copy-slice.js';
import { UserWork } from './user-work.js';

/** How long a copy waits for others at most, in milliseconds: it comes on a little even where it is never quiet. */
const LONGEST_WAIT_MS = 2000;
/** How long it has to be quiet for each copy more that goes on at once, in milliseconds. */
export const BESIDE_MS = 1000;

/** A copy that goes on where it was when it is done again after its signal was aborted. */
export type Copy = (signal: AbortSignal, reach: (done: number) => void) => Promise<void>;

/**
 * Has copies in the background give way to what users wait for. A copy ends within an object or two when that begins,
 * and goes on when it is quiet: first one copy, so that who comes now and then meets no more than that, and the longer
 * it is quiet, the more of them. Where it never is, one copy at a time goes on for a moment now and then.
 */
@injectable()
export class Courtesy {
  #running = 0;

  constructor(
    @inject(UserWork) private readonly work: UserWork,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  /** Has a copy done, in as many slices as it takes. @throws what the copy throws, also when the signal is aborted */
  async copy(copy: Copy, signal: AbortSignal): Promise<void> {
    for (let reached = 0; ;) {
      using _turn = await this.#turn(signal);
      const slice = new CopySlice(this.work, this.clock, reached);
      try {
        await copy(AbortSignal.any([signal, slice.signal]), (done) => slice.reach(done));
        return;
      } catch (error) {
        if (signal.aborted || !slice.signal.aborted) throw error;
      }
      reached = slice.reached;
    }
  }

  /** Resolves when it is its turn, or at once when the signal is aborted. */
  async #turn(signal: AbortSignal): Promise<Disposable> {
    const deadline = this.clock.now() + LONGEST_WAIT_MS;
    for (;;) {
      const waitMs = QUIET_MS + this.#running * BESIDE_MS - this.work.quietFor();
      const isPushing = this.#running === 0 && this.clock.now() >= deadline;
      if (waitMs <= 0 || isPushing || signal.aborted) return this.#run();
      await this.clock.sleep(Math.min(waitMs, QUIET_MS), signal).catch(() => undefined);
    }
  }

  #run(): Disposable {
    this.#running += 1;
    return {
      [Symbol.dispose]: () => {
        this.#running -= 1;
      },
    };
  }
}
