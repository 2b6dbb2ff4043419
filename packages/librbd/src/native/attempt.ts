import { type CallSubject, ETIMEDOUT, nativeError, rbdError } from './errno.js';

/** How long a caller waits. */
export interface Patience {
  /** None: the caller waits as long as it takes. */
  readonly limitMs?: number | undefined;
  /** Ends the wait with `cancelled`. */
  readonly signal?: AbortSignal | undefined;
  /** The signal ends it only as long as the work was not begun: after that, the work hears of it. */
  readonly endsByItself?: boolean;
}

/**
 * Work for a caller who may have given up before it is done: what librbd was asked for cannot be taken back, so it goes
 * on, and what it gives in the end is put away.
 */
export class Attempt {
  readonly #calls = new Set<Promise<unknown>>();
  #isGivenUp = false;
  #isBegun = false;

  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** The work has reached the cluster: from now on it ends by itself. */
  begin(): void {
    this.#isBegun = true;
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
    { limitMs, signal, endsByItself = false }: Patience,
    subject: CallSubject,
    putAway?: (late: T) => Promise<void>,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const giveUp = (error: Error): void => {
        this.#isGivenUp = true;
        finish();
        reject(error);
      };
      const cancel = (): void => {
        if (endsByItself && this.#isBegun) return;
        giveUp(rbdError('cancelled', subject, 'it was ended before it was done'));
      };
      const timer =
        limitMs === undefined
          ? undefined
          : setTimeout(() => giveUp(nativeError(ETIMEDOUT, subject)), limitMs);
      const finish = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', cancel);
      };
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
}
