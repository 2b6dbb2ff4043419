import { Clock } from '@scoria/core';
import { inject, injectable } from 'inversify';
import { CopySlice } from './copy-slice.js';
import { UserWork } from './user-work.js';

/** How long a copy waits for others at most, in milliseconds: it comes on a little even where it is never quiet. */
const LONGEST_WAIT_MS = 2000;

/** A copy that goes on where it was when it is done again after its signal was aborted. */
export type Copy = (signal: AbortSignal, reach: (done: number) => void) => Promise<void>;

/**
 * Has copies in the background give way to what users wait for. A copy ends within an object or two when that begins,
 * and goes on when it is quiet; where it never is, one copy at a time goes on for a moment now and then.
 */
@injectable()
export class Courtesy {
  #isPushing = false;

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

  /** Resolves when it is quiet, when it has been waited long enough, or at once when the signal is aborted. */
  async #turn(signal: AbortSignal): Promise<Disposable> {
    const deadline = this.clock.now() + LONGEST_WAIT_MS;
    while (!signal.aborted) {
      const quietIn = this.work.quietIn();
      if (quietIn === 0) break;
      if (this.clock.now() >= deadline && !this.#isPushing) return this.#push();
      await this.clock.sleep(quietIn, signal).catch(() => undefined);
    }
    return { [Symbol.dispose]: () => undefined };
  }

  #push(): Disposable {
    this.#isPushing = true;
    return {
      [Symbol.dispose]: () => {
        this.#isPushing = false;
      },
    };
  }
}
