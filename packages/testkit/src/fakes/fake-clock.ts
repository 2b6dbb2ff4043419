import type { Clock } from '@scoria/core';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { deferred } from '../deferred.js';

export interface FakeClockOptions {
  /** Where time begins, in milliseconds since 1970; the start of 2026 unless told. */
  readonly now?: number;
  /** Every sleep ends at once and time jumps to its end: for code whose waiting is not what is tested. */
  readonly autoAdvance?: boolean;
}

interface Sleeper {
  readonly wakesAt: number;
  wake(): void;
}

/** A {@link Clock} that stands still until it is told to go on. */
export class FakeClock implements Clock {
  readonly #sleepers = new Set<Sleeper>();
  readonly #autoAdvance: boolean;
  #now: number;

  constructor(options: FakeClockOptions = {}) {
    this.#now = options.now ?? Date.UTC(2026, 0, 1);
    this.#autoAdvance = options.autoAdvance ?? false;
  }

  now(): number {
    return this.#now;
  }

  /** How many calls of `sleep` have not ended. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = deferred();
    const sleeper: Sleeper = { wakesAt: this.#now + milliseconds, wake: resolve };
    const abort = (): void => {
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
    this.#sleepers.add(sleeper);
    if (this.#autoAdvance)
      setImmediate(() => {
        this.#wakeEarliest();
      });
    try {
      await promise;
    } finally {
      this.#sleepers.delete(sleeper);
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Lets time pass: whoever sleeps wakes in order, and may sleep again within the time. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await nextTurn();
    for (let next = this.#earliest(); next !== undefined && next.wakesAt <= end; next = this.#earliest()) {
      this.#wake(next);
      await nextTurn();
    }
    this.#now = end;
  }

  #wakeEarliest(): void {
    const next = this.#earliest();
    if (next !== undefined) this.#wake(next);
  }

  #wake(sleeper: Sleeper): void {
    this.#now = Math.max(this.#now, sleeper.wakesAt);
    this.#sleepers.delete(sleeper);
    sleeper.wake();
  }

  #earliest(): Sleeper | undefined {
    return [...this.#sleepers].sort((a, b) => a.wakesAt - b.wakesAt)[0];
  }
}
