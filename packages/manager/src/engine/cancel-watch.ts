import { Clock, Logger, messageOf } from '@scoria/core';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { OperationEngine } from './operation-engine.js';
import { OwnerSession } from './owner-session.js';

const EVERY_MS = 1000;

/** Sees that another process asked for the end of an operation of this one. */
@injectable()
export class CancelWatch {
  readonly #stop = new AbortController();
  #watching: Promise<void> | undefined;

  constructor(
    @inject(Store) private readonly store: Store,
    @inject(OwnerSession) private readonly owner: OwnerSession,
    @inject(OperationEngine) private readonly engine: OperationEngine,
    @inject(Clock) private readonly clock: Clock,
    @inject(Logger) private readonly logger: Logger,
  ) {}

  start(): void {
    this.#watching ??= this.#watch();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#watching;
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  async #watch(): Promise<void> {
    while (!this.#isStopped()) {
      try {
        await this.clock.sleep(EVERY_MS, this.#stop.signal);
        if (this.engine.running.length > 0) await this.#look();
      } catch (error) {
        if (!this.#isStopped())
          this.logger.warn('requests to cancel could not be looked for', { reason: messageOf(error) });
      }
    }
  }

  async #look(): Promise<void> {
    const mine = await this.store.listOperations({ outcome: 'running', ownerId: await this.owner.id() });
    for (const { id } of mine.filter(({ cancelRequested }) => cancelRequested)) this.engine.cancel(id);
  }
}
