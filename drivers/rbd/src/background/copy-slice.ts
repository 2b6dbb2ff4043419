import type { Clock } from '@scoria/core';
import { isLull } from './lull.js';
import type { UserWork } from './user-work.js';

/** How long a slice goes on at least, in milliseconds. */
export const LEAST_MS = 50;

/** A stretch of copying, which is over once it has come on for a while and users wait for something. */
export class CopySlice {
  readonly #end = new AbortController();
  readonly #begunAt: number;
  #freshAt: number | undefined;
  #reached: number;

  /** @param from how far the slices before have come: what is done up to there is only looked at again */
  constructor(
    private readonly work: UserWork,
    private readonly clock: Clock,
    private readonly from: number,
  ) {
    this.#begunAt = clock.now();
    this.#reached = from;
  }

  /** Aborted when it is over. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** How far all of the slices have come. */
  get reached(): number {
    return this.#reached;
  }

  /** The copy has come so far. */
  reach(done: number): void {
    if (done <= this.from) return;
    this.#reached = done;
    const now = this.clock.now();
    this.#freshAt ??= now;
    // Looking again at what is copied takes time too, more of it the larger the image: at least as much is copied.
    const least = Math.max(LEAST_MS, this.#freshAt - this.#begunAt);
    if (now - this.#freshAt >= least && !isLull(this.work)) this.#end.abort();
  }
}
