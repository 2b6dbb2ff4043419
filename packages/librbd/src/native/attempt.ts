import type { CallSubject } from './errno.js';
import { type Patience, Waiting } from './waiting.js';

/** So many times as long as a caller has waited, and nobody can expect it to end any more. */
const LOST_TIMES = 5;

/** Tells when work is lost: it may never end, and nobody should wait for the room that it takes. */
export interface Losable {
  /** The listener is called once at most, and not where the work has ended. */
  onLost(listener: () => void): void;
}

/**
 * Work for a caller who may have given up before it is done: what librbd was asked for cannot be taken back, so it goes
 * on, and what it gives in the end is put away.
 */
export class Attempt implements Losable {
  readonly #calls = new Set<Promise<unknown>>();
  readonly #losers: (() => void)[] = [];
  #isGivenUp = false;
  #isBegun = false;
  #waiting: Waiting | undefined;
  #losing: NodeJS.Timeout | undefined;

  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** The work has reached the cluster: from now on it ends by itself. */
  begin(): void {
    this.#isBegun = true;
    this.#waiting?.begin();
  }

  /** There was a word of its progress. */
  heard(): void {
    this.#waiting?.heard();
  }

  onLost(listener: () => void): void {
    this.#losers.push(listener);
  }

  /** Remembers a call of the library that is part of the work. */
  async during<T>(call: Promise<T>): Promise<T> {
    this.#calls.add(call);
    try {
      return await call;
    } finally {
      this.#calls.delete(call);
    }
  }

  /** Its calls have ended, those included whose work has failed by another one of them meanwhile. */
  async quiet(): Promise<void> {
    while (this.#calls.size > 0) await Promise.allSettled(this.#calls);
  }

  /**
   * What the work gives, or the error of a caller who has waited long enough.
   * @param putAway what becomes of a result that nobody waits for any more
   */
  async wait<T>(
    work: Promise<T>,
    patience: Patience,
    subject: CallSubject,
    putAway?: (late: T) => Promise<void>,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const waiting = new Waiting(patience, subject, (error) => {
        this.#isGivenUp = true;
        this.#losing = this.#loseAfter(LOST_TIMES * (patience.limitMs ?? patience.idleMs ?? 0));
        reject(error);
      });
      this.#waiting = waiting;
      waiting.start(this.#isBegun);
      work.then(
        (result) => {
          this.#end(waiting);
          if (this.#isGivenUp) putAway?.(result).catch(() => undefined);
          else resolve(result);
        },
        (error: unknown) => {
          this.#end(waiting);
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
  }

  /** Work that is waited for as long as it takes, and counts as lost when it takes too long. */
  async timed<T>(work: Promise<T>, limitMs: number, subject: CallSubject): Promise<T> {
    this.wait(work, { limitMs }, subject).catch(() => undefined);
    return work;
  }

  #end(waiting: Waiting): void {
    waiting.end();
    clearTimeout(this.#losing);
  }

  #loseAfter(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      for (const lose of this.#losers) lose();
    }, ms).unref();
  }
}
