import { Logger, messageOf } from '@scoria/core';
import type { Owner } from '@scoria/store';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';

/** This process as an owner of operations: registered when it first needs to be, and given up at the end. */
@injectable()
export class OwnerSession {
  readonly #lost = new AbortController();
  #owner: Promise<Owner> | undefined;

  constructor(
    @inject(Store) private readonly store: Store,
    @inject(Logger) private readonly logger: Logger,
  ) {}

  /** Aborted when another process may have taken our work over: nothing may be touched any more. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async id(): Promise<string> {
    this.#owner ??= this.#register();
    return (await this.#owner).id;
  }

  async release(): Promise<void> {
    const owner = await this.#owner;
    this.#owner = undefined;
    await owner?.release();
  }

  async #register(): Promise<Owner> {
    try {
      const owner = await this.store.owners.register();
      this.#watch(owner).catch((error: unknown) => this.logger.error(messageOf(error)));
      return owner;
    } catch (error) {
      this.#owner = undefined;
      throw error;
    }
  }

  async #watch(owner: Owner): Promise<void> {
    const reason = await owner.lost;
    if (this.#owner === undefined) return;
    this.logger.error('this process is no owner any more and stops its work', { reason: reason.message });
    this.#lost.abort(reason);
  }
}
