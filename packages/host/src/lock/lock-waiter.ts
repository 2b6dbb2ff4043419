import { LockError, type LockErrorCode, messageOf } from '@scoria/core';
import { timerMs } from '../clock/timer.js';
import type { LockMode } from './lock-plan.js';

export interface WaiterOptions {
  readonly path: string;
  readonly name: string;
  readonly mode: LockMode;
  /** 0: gives up as soon as it would have to wait. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Called once, when the waiter has got its lock or given up. */
  readonly onSettled: (waiter: LockWaiter) => void;
}

/** One who waits for a lock: until it is granted, the time is over, or the signal is aborted. */
export class LockWaiter {
  readonly mode: LockMode;
  readonly triesOnce: boolean;
  readonly granted: Promise<void>;
  readonly #options: WaiterOptions;
  #resolve: () => void = () => {};
  #reject: (error: LockError) => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  #settled = false;

  constructor(options: WaiterOptions) {
    this.#options = options;
    this.mode = options.mode;
    this.triesOnce = options.timeoutMs <= 0;
    this.granted = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (!this.triesOnce) this.#timer = setTimeout(this.timeOut, timerMs(options.timeoutMs));
    options.signal?.addEventListener('abort', this.cancel, { once: true });
  }

  /** @returns false when the waiter has given up before */
  grant(): boolean {
    if (!this.#settle()) return false;
    this.#resolve();
    return true;
  }

  readonly timeOut = (): void => {
    const { timeoutMs } = this.#options;
    this.#fail('lock-timeout', this.triesOnce ? 'is taken' : `was not free within ${timeoutMs} ms`);
  };

  fail(error: unknown): void {
    this.#fail('lock-failed', `could not be taken: ${messageOf(error)}`, error);
  }

  readonly cancel = (): void => {
    this.#fail(
      'lock-cancelled',
      'is not waited for any more: the wait was cancelled',
      this.#options.signal?.reason,
    );
  };

  #fail(code: LockErrorCode, what: string, cause?: unknown): void {
    if (!this.#settle()) return;
    const { path, name, mode } = this.#options;
    const details = { name, path, mode };
    this.#reject(new LockError({ code, message: `the lock ${path} ${what}`, details, cause }));
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener('abort', this.cancel);
    this.#options.onSettled(this);
    return true;
  }
}
