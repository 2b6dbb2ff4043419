import type { ScoriaError } from '@scoria/core';
import { Clock } from '@scoria/core';
import type { Changes, Claim, MessageRecord, OperationRecord, Records } from '@scoria/store';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { randomUUID } from 'node:crypto';
import type { OperationHandler } from './operation-handler.js';

/** The operation was taken over, or ended, by another process: what we know of it is worth nothing. */
export class NoLongerOursError extends Error {}

/** An operation that is to be ended. */
export interface Endable<P extends object, R> {
  readonly handler: OperationHandler<P, R>;
  readonly operation: OperationRecord;
  readonly parameters: P;
}

/** Ends operations: what has become of their objects, their row and their claims; all or nothing. */
@injectable()
export class Ending {
  constructor(
    @inject(Store) private readonly store: Store,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  /** @throws NoLongerOursError */
  async succeed<P extends object, R>(
    { handler, operation, parameters }: Endable<P, R>,
    result: R,
    last: Changes<OperationRecord>,
  ): Promise<void> {
    await this.#end(operation, last, async (records) => {
      await this.#requireOurs(records, operation, await records.endOperation(operation.id, 'succeeded'));
      await handler.succeed(records, parameters, result);
    });
  }

  /** @throws NoLongerOursError */
  async fail<P extends object, R>(
    { handler, operation, parameters }: Endable<P, R>,
    error: ScoriaError,
    last: Changes<OperationRecord>,
  ): Promise<void> {
    const outcome = error.code === 'cancelled' ? 'cancelled' : 'failed';
    await this.#end(operation, last, async (records) => {
      const reason = { code: error.code, text: error.message };
      await this.#requireOurs(records, operation, await records.endOperation(operation.id, outcome, reason));
      await handler.fail(records, parameters, error);
      const subject = operation.claims[0];
      if (subject !== undefined) await records.insertMessage(this.#message(operation, subject, error));
    });
  }

  async #end(
    { id, claims }: OperationRecord,
    last: Changes<OperationRecord>,
    work: (records: Records) => Promise<void>,
  ): Promise<void> {
    await this.store.transaction(async (records) => {
      await records.lockClaimed(claims);
      if (Object.keys(last).length > 0) await records.changeOperation(id, last);
      await work(records);
    });
  }

  async #requireOurs(records: Records, { id, ownerId }: OperationRecord, ended: boolean): Promise<void> {
    const stored = await records.getOperation(id);
    if (ended && stored?.ownerId === ownerId) return;
    throw new NoLongerOursError(`the operation ${id} belongs to another process now`);
  }

  #message(operation: OperationRecord, subject: Claim, error: ScoriaError): MessageRecord {
    return {
      id: randomUUID(),
      projectId: operation.projectId,
      resourceKind: subject.kind,
      resourceId: subject.id,
      level: 'error',
      code: error.code,
      text: error.message,
      requestId: operation.requestId,
      createdAt: new Date(this.clock.now()).toISOString(),
    };
  }
}
