import { messageOf } from '@scoria/core';
import { inject, injectable } from 'inversify';
import { OperationLog } from './operation-log.js';
import { Ports } from './ports.js';

const EVERY_MS = 24 * 60 * 60 * 1000;

/** Forgets operations and messages of long ago, once a day, in a manager that goes on running. */
@injectable()
export class HistoryPruning {
  readonly #stop = new AbortController();
  #pruning: Promise<void> | undefined;

  constructor(
    @inject(Ports) private readonly ports: Ports,
    @inject(OperationLog) private readonly log: OperationLog,
  ) {}

  start(): void {
    this.#pruning ??= this.#prune();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#pruning;
  }

  async #prune(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.log.prune();
      } catch (error) {
        this.ports.logger.warn('old operations could not be forgotten', { reason: messageOf(error) });
      }
      // It rejects at the stop only.
      await this.ports.clock.sleep(EVERY_MS, signal).catch(() => undefined);
    }
  }
}
