import { Clock } from '@scoria/core';
import { inject, injectable } from 'inversify';
import { CopySlice } from './copy-slice.js';
import { areRegular, isEarly, overdueBy } from './lull.js';
import { UserWork } from './user-work.js';

/** How long a copy waits for others at most, in milliseconds: it comes on a little even where it is never quiet. */
const LONGEST_WAIT_MS = 2000;
/** How often a copy looks whether it is its turn, in milliseconds. */
const LOOK_MS = 25;
/** How long it has to be quiet for each copy more that goes on at once, in milliseconds. */
export const BESIDE_MS = 1000;

/** A copy that goes on where it was when it is done again after its signal was aborted. */
export type Copy = (signal: AbortSignal, reach: (done: number) => void) => Promise<void>;

/**
 * Has copies in the background give way to what users wait for. A copy ends within an object or two when that begins,
 * and goes on when it is quiet: first one copy, so that who comes now and then meets no more than that, and the longer
 * it is quiet, the more of them. Where users pause regularly, one copy at a time goes on in the first half of their
 * pauses, so that they meet none. Where it never is quiet, one at a time goes on for a moment now and then.
 */
@injectable()
export class Courtesy {
  readonly #waiting: symbol[] = [];
  #running = 0;
  #lastEnd = Number.NEGATIVE_INFINITY;

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

  /** Resolves when it is its turn, in the order they came, or at once when the signal is aborted. */
  async #turn(signal: AbortSignal): Promise<Disposable> {
    const me = Symbol('copy');
    const deadline = this.clock.now() + LONGEST_WAIT_MS;
    this.#waiting.push(me);
    while (!signal.aborted && !(this.#waiting[0] === me && this.#mayRun(deadline))) {
      await this.clock.sleep(LOOK_MS, signal).catch(() => undefined);
    }
    this.#waiting.splice(this.#waiting.indexOf(me), 1);
    return this.#run();
  }

  #mayRun(deadline: number): boolean {
    if (overdueBy(this.work) >= this.#running * BESIDE_MS) return true;
    if (this.#running > 0) return false;
    const now = this.clock.now();
    // Who finds time in their pauses need not push.
    const since = areRegular(this.work) ? this.#lastEnd + LONGEST_WAIT_MS : deadline;
    return isEarly(this.work) || now >= Math.max(deadline, since);
  }

  #run(): Disposable {
    this.#running += 1;
    return {
      [Symbol.dispose]: () => {
        this.#running -= 1;
        this.#lastEnd = this.clock.now();
      },
    };
  }
}
