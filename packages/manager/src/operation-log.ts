import type { OperationFilter, OperationRecord } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { OperationEngine } from './engine/operation-engine.js';
import { ManagerError } from './errors.js';
import { Ports } from './ports.js';

const WATCH_MS = 200;
const DAY_MS = 24 * 60 * 60 * 1000;
const KEPT_DAYS = 7;

/** The operations of every process, as they stand in the records. */
@injectable()
export class OperationLog {
  constructor(
    @inject(Ports) private readonly ports: Ports,
    @inject(OperationEngine) private readonly engine: OperationEngine,
  ) {}

  async list(filter: OperationFilter = {}): Promise<OperationRecord[]> {
    return this.ports.store.listOperations(filter);
  }

  /** @throws ManagerError `not-found` */
  async get(id: string): Promise<OperationRecord> {
    const operation = await this.ports.store.getOperation(id);
    if (operation !== undefined) return operation;
    throw new ManagerError({
      code: 'not-found',
      message: `there is no operation ${JSON.stringify(id)}; those that have ended are kept for ${String(KEPT_DAYS)} days`,
      details: { operation: id },
    });
  }

  /** Asks for its end, in whichever process it runs. One that has ended stays as it is. */
  async cancel(id: string): Promise<OperationRecord> {
    const { outcome } = await this.get(id);
    if (outcome !== 'running')
      throw new ManagerError({
        code: 'conflict',
        message: `the operation ${id} has ${outcome} already and cannot be cancelled`,
        details: { operation: id, outcome },
      });
    await this.ports.store.changeOperation(id, { cancelRequested: true });
    this.engine.cancel(id);
    return this.get(id);
  }

  async *watch(id: string, signal?: AbortSignal): AsyncIterable<OperationRecord> {
    let last: string | undefined;
    for (;;) {
      const operation = await this.get(id);
      const { step, progressDone, outcome } = operation;
      const state = JSON.stringify([step, progressDone, outcome]);
      if (state !== last) yield operation;
      if (outcome !== 'running') return;
      last = state;
      await this.ports.clock.sleep(WATCH_MS, signal);
    }
  }

  /** Forgets what ended long ago. */
  async prune(): Promise<number> {
    const before = new Date(this.ports.clock.now() - KEPT_DAYS * DAY_MS).toISOString();
    return this.ports.store.pruneHistory(before);
  }
}
