import { Clock } from '@scoria/core';
import { inject, injectable } from 'inversify';

/** What follows sooner, in milliseconds, follows at once: that is no pause. */
export const AT_ONCE_MS = 50;
/** Of so many pauses the shortest is the usual one. */
const PAUSES = 3;
/** Who pauses for longer, in milliseconds, comes when he likes. */
const LONGEST_PAUSE_MS = 1000;

/** What users wait for in this process, for those who are to give way to it. */
@injectable()
export class UserWork {
  #count = 0;
  #lastEnd = Number.NEGATIVE_INFINITY;
  readonly #pauses: number[] = [];

  constructor(@inject(Clock) private readonly clock: Clock) {}

  /** Does something that users wait for. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    if (this.#count === 0) this.#note(this.quietFor());
    this.#count += 1;
    try {
      return await work();
    } finally {
      this.#count -= 1;
      this.#lastEnd = this.clock.now();
    }
  }

  /** For how long users have waited for nothing, in milliseconds; 0 where they wait. */
  quietFor(): number {
    return this.#count > 0 ? 0 : this.clock.now() - this.#lastEnd;
  }

  /** How long they paused lately, in milliseconds; 0 where that is not known. */
  usualPause(): number {
    return this.#pauses.length < PAUSES ? 0 : Math.min(...this.#pauses);
  }

  #note(pauseMs: number): void {
    if (pauseMs < AT_ONCE_MS) return;
    this.#pauses.push(Math.min(pauseMs, LONGEST_PAUSE_MS));
    if (this.#pauses.length > PAUSES) this.#pauses.shift();
  }
}
