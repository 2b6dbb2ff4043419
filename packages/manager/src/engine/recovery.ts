import { messageOf } from '@scoria/core';
import type { OperationRecord } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { Ports } from '../ports.js';
import { everyOperation } from '../views/every-page.js';
import { OperationEngine } from './operation-engine.js';
import { OperationHandlerRegistry } from './operation-handler-registry.js';
import type { AnyOperationHandler } from './operation-handler.js';
import { OwnerSession } from './owner-session.js';

const EVERY_MS = 10_000;

interface Found {
  readonly hasDead: boolean;
  /** Settles when all that was found has been dealt with, as far as it can be; never rejects. */
  readonly dealt: Promise<unknown>;
}

/** Takes over what dead processes have left, and tries again what could not be ended. */
@injectable()
export class Recovery {
  readonly #stop = new AbortController();
  /** What is being dealt with, whichever look found it. */
  readonly #deals = new Set<Promise<void>>();
  /** Operations of a newer version are told of once. */
  readonly #unknown = new Set<string>();
  #watching: Promise<void> | undefined;

  constructor(
    @inject(Ports) private readonly ports: Ports,
    @inject(OwnerSession) private readonly owner: OwnerSession,
    @inject(OperationEngine) private readonly engine: OperationEngine,
    @inject(OperationHandlerRegistry) private readonly registry: OperationHandlerRegistry,
  ) {
    this.engine.onHeld((holders) => this.#free(holders));
  }

  /**
   * One look for work of the dead; resolves when what was found, now or by an earlier look, has been dealt with, as
   * far as it can be.
   */
  async pass(): Promise<void> {
    const { dealt } = await this.#look();
    await Promise.all([dealt, ...this.#deals]);
  }

  /** A look in the background. */
  soon(): void {
    if (this.#isStopped()) return;
    this.pass().catch((error: unknown) => {
      if (!this.#isStopped()) this.#report(error);
    });
  }

  /** Looks again and again until `stop`; long work that was found does not keep it from the next look. */
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
        await this.#look();
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

  async #look(): Promise<Found> {
    return this.#takeAll(await everyOperation(this.ports.store, { outcome: 'running' }));
  }

  /** True if some of the holders were of dead processes, and have been dealt with. */
  async #free(holders: readonly OperationRecord[]): Promise<boolean> {
    const { hasDead, dealt } = await this.#takeAll(holders);
    await dealt;
    return hasDead;
  }

  async #takeAll(operations: readonly OperationRecord[]): Promise<Found> {
    if (operations.length === 0) return { hasDead: false, dealt: Promise.resolve() };
    const me = await this.owner.id();
    const owners = [...new Set(operations.map(({ ownerId }) => ownerId))].filter((id) => id !== me);
    const dead = new Set(await this.ports.store.owners.deadAmong(owners));
    const theirs = operations.filter(({ ownerId }) => dead.has(ownerId));
    const ours = operations.filter(({ id, ownerId }) => ownerId === me && this.engine.isStranded(id));
    const deals = ours.map((one) => this.#deal(one));
    try {
      for (const one of theirs) if (await this.#takeOver(one, me)) deals.push(this.#deal(one));
    } catch (error) {
      this.#report(error);
    }
    return { hasDead: theirs.length > 0, dealt: Promise.all(deals) };
  }

  /** True if it is ours now; false where somebody else was faster. */
  async #takeOver(operation: OperationRecord, me: string): Promise<boolean> {
    if (this.#handlerOf(operation) === undefined) return false;
    if (!(await this.ports.store.takeOverOperation(operation.id, operation.ownerId, me))) return false;
    this.engine.inherit(operation);
    this.ports.logger.info('an operation of a dead process was taken over', about(operation));
    return true;
  }

  async #deal({ id }: OperationRecord): Promise<void> {
    const deal = this.#dealWith(id);
    this.#deals.add(deal);
    await deal;
    this.#deals.delete(deal);
  }

  async #dealWith(id: string): Promise<void> {
    try {
      // What was written last may be newer than what was listed. Where it cannot be read, the next look tries.
      const latest = await this.ports.store.getOperation(id);
      if (latest !== undefined) await this.#tryAgain(latest);
    } catch (error) {
      this.#report(error);
    }
  }

  async #tryAgain(operation: OperationRecord): Promise<void> {
    const handler = this.#handlerOf(operation);
    if (handler === undefined) return;
    try {
      await this.engine.tryAgain(handler, operation);
    } catch (error) {
      // Its end, or that it has none yet, is in the records.
      const reason = messageOf(error);
      this.ports.logger.debug('what was left over has been dealt with', { ...about(operation), reason });
    }
  }

  #handlerOf(operation: OperationRecord): AnyOperationHandler | undefined {
    const handler = this.registry.find(operation.kind);
    if (handler === undefined && !this.#unknown.has(operation.id)) {
      this.#unknown.add(operation.id);
      this.ports.logger.error('an operation of a newer version is left to it', about(operation));
    }
    return handler;
  }
}

function about({ id, kind, claims: [subject] }: OperationRecord): Record<string, string | undefined> {
  return { operationId: id, operation: kind, resource: subject?.id };
}
