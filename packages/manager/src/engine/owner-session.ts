import { Logger, messageOf } from '@scoria/core';
import type { Owner } from '@scoria/store';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { ManagerError } from '../errors.js';

/** A time in which this process is one owner of operations. */
export interface OwnerTerm {
  readonly id: string;
  /** Aborted when another process may have taken our work over: nothing of it may be touched any more. */
  readonly lost: AbortSignal;
}

interface HeldTerm extends OwnerTerm {
  readonly owner: Owner;
}

/**
 * This process as an owner of operations: registered when it first needs to be, given up at the end. Where its lock
 * is lost in between (a broken session with the database) its work ends, and new work has a new owner.
 */
@injectable()
export class OwnerSession {
  #term: Promise<HeldTerm> | undefined;
  #isReleased = false;

  constructor(
    @inject(Store) private readonly store: Store,
    @inject(Logger) private readonly logger: Logger,
  ) {}

  /**
   * @throws ManagerError `cancelled` after `release`
   * @throws StoreError where no owner can be registered
   */
  async term(): Promise<OwnerTerm> {
    if (this.#isReleased)
      throw new ManagerError({ code: 'cancelled', message: 'this manager has stopped and begins nothing' });
    this.#term ??= this.#register();
    return this.#term;
  }

  async id(): Promise<string> {
    return (await this.term()).id;
  }

  async release(): Promise<void> {
    this.#isReleased = true;
    const term = this.#term;
    this.#term = undefined;
    await (await term)?.owner.release();
  }

  async #register(): Promise<HeldTerm> {
    try {
      const owner = await this.store.owners.register();
      const lost = new AbortController();
      this.#watch(owner, lost).catch((error: unknown) => {
        this.logger.error('the lock of this process is not watched', { reason: messageOf(error) });
      });
      return { id: owner.id, lost: lost.signal, owner };
    } catch (error) {
      this.#term = undefined;
      throw error;
    }
  }

  async #watch(owner: Owner, lost: AbortController): Promise<void> {
    const reason = await owner.lost;
    if (this.#isReleased) return;
    this.logger.error('this process has lost its lock: its operations are left to others', {
      owner: owner.id,
      reason: reason.message,
    });
    this.#term = undefined;
    lost.abort(reason);
    await owner.release();
  }
}
