import { messageOf } from '@scoria/core';
import type { OperationRecord } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { Ports } from '../ports.js';
import { OperationEngine } from './operation-engine.js';
import { OperationHandlerRegistry } from './operation-handler-registry.js';
import { OwnerSession } from './owner-session.js';

const EVERY_MS = 10_000;

/** Takes over what dead processes have left, and tries again what could not be ended. */
@injectable()
export class Recovery {
  readonly #stop = new AbortController();
  #watching: Promise<void> | undefined;
  #pass: Promise<void> | undefined;

  constructor(
    @inject(Ports) private readonly ports: Ports,
    @inject(OwnerSession) private readonly owner: OwnerSession,
    @inject(OperationEngine) private readonly engine: OperationEngine,
    @inject(OperationHandlerRegistry) private readonly registry: OperationHandlerRegistry,
  ) {
    this.engine.onHeld((holders) => this.#free(holders));
  }

  /** One look for work of the dead; resolves when what was found has been dealt with, as far as it can be. */
  async pass(): Promise<void> {
    this.#pass ??= this.#lookAll().finally(() => (this.#pass = undefined));
    await this.#pass;
  }

  /** A look in the background. */
  soon(): void {
    this.pass().catch((error: unknown) => {
      this.#report(error);
    });
  }

  /** Looks again and again until `stop`. */
  watch(): void {
    this.#watching ??= this.#keepLooking();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#watching;
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  async #keepLooking(): Promise<void> {
    while (!this.#isStopped()) {
      try {
        await this.ports.clock.sleep(EVERY_MS, this.#stop.signal);
        await this.pass();
      } catch (error) {
        if (!this.#isStopped()) this.#report(error);
      }
    }
  }

  #report(error: unknown): void {
    this.ports.logger.error('the work of dead processes could not be looked for', {
      reason: messageOf(error),
    });
  }

  async #lookAll(): Promise<void> {
    await this.#takeAll(await this.ports.store.listOperations({ outcome: 'running', limit: 100_000 }));
  }

  /** Takes the dead among `operations`; whether there were any. */
  async #takeAll(operations: readonly OperationRecord[]): Promise<boolean> {
    if (operations.length === 0) return false;
    const me = await this.owner.id();
    const owners = [...new Set(operations.map(({ ownerId }) => ownerId))].filter((id) => id !== me);
    const dead = new Set(await this.ports.store.owners.deadAmong(owners));
    const ours = operations.filter(({ id }) => this.engine.stranded.has(id));
    const theirs = operations.filter(({ ownerId }) => dead.has(ownerId));
    await Promise.all([
      ...ours.map((one) => this.#deal(one)),
      ...theirs.map((one) => this.#takeOver(one, me)),
    ]);
    return theirs.length > 0;
  }

  async #free(holders: readonly OperationRecord[]): Promise<boolean> {
    return this.#takeAll(holders);
  }

  async #takeOver(operation: OperationRecord, me: string): Promise<void> {
    if (!(await this.ports.store.takeOverOperation(operation.id, operation.ownerId, me))) return;
    // What its owner wrote last may be newer than what was listed.
    const latest = (await this.ports.store.getOperation(operation.id)) ?? operation;
    await this.#deal(latest);
  }

  async #deal(operation: OperationRecord): Promise<void> {
    const handler = this.registry.find(operation.kind);
    const about = { operationId: operation.id, operation: operation.kind };
    if (handler === undefined) {
      this.ports.logger.error('an operation of a newer version was left to it', about);
      return;
    }
    try {
      this.ports.logger.info('dealing with what a dead process has left', {
        ...about,
        how: handler.recovery,
      });
      await this.engine.takeUp(handler, operation);
    } catch (error) {
      // Its end, or that it has none yet, is in the records.
      this.ports.logger.info('what a dead process left has ended', { ...about, reason: messageOf(error) });
    }
  }
}
