import { Clock } from '@scoria/core';
import { inject, injectable } from 'inversify';

/** How long after something that users waited for the next is taken to be about to come, in milliseconds. */
export const QUIET_MS = 100;

/** What users wait for in this process, for those who are to give way to it. */
@injectable()
export class UserWork {
  #count = 0;
  #lastEnd = Number.NEGATIVE_INFINITY;

  constructor(@inject(Clock) private readonly clock: Clock) {}

  /** Does something that users wait for. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#count += 1;
    try {
      return await work();
    } finally {
      this.#count -= 1;
      this.#lastEnd = this.clock.now();
    }
  }

  /** When it is quiet at the earliest, in milliseconds from now; 0 where it is. */
  quietIn(): number {
    if (this.#count > 0) return QUIET_MS;
    return Math.max(0, this.#lastEnd + QUIET_MS - this.clock.now());
  }
}
