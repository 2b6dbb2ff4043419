import { type CallSubject, ETIMEDOUT, nativeError, rbdError } from './errno.js';

/** So many times as long as a caller has waited, and nobody can expect it to end any more. */
const LOST_TIMES = 5;

/** How long a caller waits. */
export interface Patience {
  /** None: the caller waits as long as it takes. */
  readonly limitMs?: number | undefined;
  /** How long it may go without a word of its progress, once it has reached the cluster. */
  readonly idleMs?: number | undefined;
  /** Ends the wait with `cancelled`. */
  readonly signal?: AbortSignal | undefined;
  /** The signal ends it only as long as the work was not begun: after that, the work hears of it. */
  readonly endsByItself?: boolean;
}

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
  #heard: (() => void) | undefined;

  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** The work has reached the cluster: from now on it ends by itself. */
  begin(): void {
    this.#isBegun = true;
    this.heard();
  }

  /** There was a word of its progress. */
  heard(): void {
    this.#heard?.();
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
    const { limitMs, idleMs, signal, endsByItself = false } = patience;
    return new Promise<T>((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      let losing: NodeJS.Timeout | undefined;
      const giveUp = (error: Error): void => {
        this.#isGivenUp = true;
        finish();
        losing = this.#loseAfter(LOST_TIMES * (limitMs ?? idleMs ?? 0));
        reject(error);
      };
      const cancel = (): void => {
        if (endsByItself && this.#isBegun) return;
        giveUp(rbdError('cancelled', subject, 'it was ended before it was done'));
      };
      const limit = (ms: number | undefined): void => {
        clearTimeout(timer);
        timer = ms === undefined ? undefined : setTimeout(() => giveUp(nativeError(ETIMEDOUT, subject)), ms);
      };
      const finish = (): void => {
        clearTimeout(timer);
        clearTimeout(losing);
        this.#heard = undefined;
        signal?.removeEventListener('abort', cancel);
      };
      if (idleMs !== undefined) this.#heard = () => limit(idleMs);
      limit(limitMs ?? (this.#isBegun ? idleMs : undefined));
      signal?.addEventListener('abort', cancel);
      if (signal?.aborted === true) cancel();
      work.then(
        (result) => {
          finish();
          if (this.#isGivenUp) putAway?.(result).catch(() => undefined);
          else resolve(result);
        },
        (error: unknown) => {
          finish();
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
  }

  #loseAfter(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      for (const lose of this.#losers) lose();
    }, ms).unref();
  }
}
