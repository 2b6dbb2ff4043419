import { Clock } from '@scoria/core';
import { inject, injectable } from 'inversify';

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

  /** For how long users have waited for nothing, in milliseconds; 0 where they wait. */
  quietFor(): number {
    return this.#count > 0 ? 0 : this.clock.now() - this.#lastEnd;
  }
}
