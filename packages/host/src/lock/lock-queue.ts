import { setTimeout as delay } from 'node:timers/promises';
import type { HeldLocks } from './held-locks.js';
import type { LockFile } from './lock-file.js';
import type { LockMode, PlannedLock } from './lock-plan.js';
import { pollForLock, refuseWhoTriesOnce } from './lock-poll.js';
import { LockWaiter } from './lock-waiter.js';

/** After this long the lock is offered to other processes, even if this one goes on wanting it. */
const KEEP_WITHIN_PROCESS_MS = 1000;
/** Longer than anyone's poll, so that the offer is noticed. */
const OFFER_MS = 25;

export interface WaitOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Those of this process who want one lock, first come first served. Only the first of them polls for the
 * file; it is handed on within the process without being unlocked, and shared holders share one open file.
 */
export class LockQueue {
  readonly #lock: PlannedLock;
  readonly #heldLocks: HeldLocks;
  readonly #onIdle: () => void;
  readonly #waiters: LockWaiter[] = [];
  #file: LockFile | undefined;
  #lockedAt = 0;
  #holders = 0;
  #offering = false;
  #pumping = false;
  #closing: Promise<void> | undefined;

  /** @param onIdle called when nobody holds the lock or waits for it */
  constructor(lock: PlannedLock, heldLocks: HeldLocks, onIdle: () => void) {
    this.#lock = lock;
    this.#heldLocks = heldLocks;
    this.#onIdle = onIdle;
  }

  /** Waits for a turn. Rejects with a LockError. */
  async enter(mode: LockMode, { timeoutMs, signal }: WaitOptions): Promise<void> {
    const { path, name } = this.#lock;
    const onSettled = (settled: LockWaiter) => {
      this.#waiters.splice(this.#waiters.indexOf(settled), 1);
    };
    const waiter = new LockWaiter({ path, name, mode, timeoutMs, signal, onSettled });
    this.#waiters.push(waiter);
    if (signal?.aborted === true) waiter.cancel();
    this.#serve();
    return waiter.granted;
  }

  /** Ends a turn. Resolves when the lock is unlocked or has been handed on. */
  async leave(): Promise<void> {
    this.#holders -= 1;
    if (this.#holders === 0 && !this.#fits(this.#waiters[0])) this.#letGo();
    const closed = this.#closing;
    this.#serve();
    await closed;
  }

  #serve(): void {
    this.#pump().catch((error: unknown) => {
      this.#pumping = false;
      for (const waiter of [...this.#waiters]) waiter.fail(error);
    });
  }

  /**
   * Serves the waiters until none can be served: the others wait for a holder to leave. One such loop at a
   * time; it decides to end and ends without an await between, or it would miss who comes meanwhile.
   */
  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    for (;;) {
      if (this.#closing !== undefined) await this.#closing;
      else if (this.#admitNext()) continue;
      else if (this.#holders > 0) break;
      else if (this.#file !== undefined) this.#letGo();
      else if (this.#waiters.length > 0) await this.#takeFile();
      else break;
    }
    this.#pumping = false;
    if (this.#holders === 0) this.#onIdle();
    else refuseWhoTriesOnce(this.#waiters);
  }

  #admitNext(): boolean {
    const next = this.#waiters[0];
    if (next === undefined || !this.#fits(next)) return false;
    this.#holders += 1;
    next.grant();
    return true;
  }

  /** Whether `next` can hold the lock just as this process holds it now. */
  #fits(next: LockWaiter | undefined): boolean {
    const file = this.#file;
    if (file === undefined || file.mode !== next?.mode) return false;
    if (file.abandoned || this.#isDueToOffer()) return false;
    return this.#holders === 0 || next.mode === 'shared';
  }

  #isDueToOffer(): boolean {
    return performance.now() - this.#lockedAt > KEEP_WITHIN_PROCESS_MS;
  }

  async #takeFile(): Promise<void> {
    if (this.#offering) await delay(OFFER_MS);
    this.#offering = false;
    this.#file = await pollForLock(this.#lock, this.#waiters);
    if (this.#file === undefined) return;
    this.#lockedAt = performance.now();
    this.#heldLocks.add(this.#file);
  }

  #letGo(): void {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    this.#heldLocks.remove(file);
    this.#offering = this.#waiters.length > 0 && this.#isDueToOffer();
    this.#closing = this.#close(file);
  }

  async #close(file: LockFile): Promise<void> {
    try {
      await file.release(this.#waiters.length === 0);
    } catch {
      // The descriptor is closed whatever close(2) says, and the kernel has freed the lock with it.
    }
    this.#closing = undefined;
  }
}
