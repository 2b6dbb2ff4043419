import type { ScoriaError } from '@scoria/core';
import { Clock } from '@scoria/core';
import type { Claim, MessageRecord, OperationRecord, Records } from '@scoria/store';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { randomUUID } from 'node:crypto';
import type { OperationHandler } from './operation-handler.js';
import { OwnerSession } from './owner-session.js';

/** The operation was taken over, or ended, by another process: what we know of it is worth nothing. */
export class NoLongerOursError extends Error {}

/** Ends operations: what has become of their objects, their row and their claims; all or nothing. */
@injectable()
export class Ending {
  constructor(
    @inject(Store) private readonly store: Store,
    @inject(OwnerSession) private readonly owner: OwnerSession,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  async succeed<P extends object, R>(
    handler: OperationHandler<P, R>,
    operation: OperationRecord,
    parameters: P,
    result: R,
  ): Promise<void> {
    await this.#end(operation, async (records) => {
      await this.#requireOurs(records, operation, await records.endOperation(operation.id, 'succeeded'));
      await handler.succeed(records, parameters, result);
    });
  }

  async fail<P extends object, R>(
    handler: OperationHandler<P, R>,
    operation: OperationRecord,
    parameters: P,
    error: ScoriaError,
  ): Promise<void> {
    const outcome = error.code === 'cancelled' ? 'cancelled' : 'failed';
    await this.#end(operation, async (records) => {
      const reason = { code: error.code, text: error.message };
      await this.#requireOurs(records, operation, await records.endOperation(operation.id, outcome, reason));
      await handler.fail(records, parameters, error);
      const subject = operation.claims[0];
      if (subject !== undefined) await records.insertMessage(this.#message(operation, subject, error));
    });
  }

  async #end(operation: OperationRecord, work: (records: Records) => Promise<void>): Promise<void> {
    await this.store.transaction(async (records) => {
      await records.lockClaimed(operation.claims);
      await work(records);
    });
  }

  async #requireOurs(records: Records, { id }: OperationRecord, ended: boolean): Promise<void> {
    const stored = await records.getOperation(id);
    if (ended && stored?.ownerId === (await this.owner.id())) return;
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
