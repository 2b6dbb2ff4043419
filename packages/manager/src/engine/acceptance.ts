import { Clock } from '@scoria/core';
import type { OperationRecord } from '@scoria/store';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { randomUUID } from 'node:crypto';
import { ManagerError } from '../errors.js';
import type { Caller } from '../requests.js';
import type { OperationHandler } from './operation-handler.js';
import { OwnerSession } from './owner-session.js';

/** What it claims is held by others; which, for who can do something about it. */
export class HeldError extends ManagerError {
  constructor(readonly holders: readonly OperationRecord[]) {
    const [holder] = holders as [OperationRecord];
    const claim = holder.claims[0];
    super({
      code: 'conflict',
      message:
        `${claim?.kind ?? 'it'} ${claim?.id ?? ''} is busy: the operation ${holder.kind} (${holder.id}) has held it ` +
        `since ${holder.createdAt}; wait for it (scoria operation watch ${holder.id}) and try again`,
      details: { operationId: holder.id, operation: holder.kind, since: holder.createdAt },
    });
  }
}

/** Lets an operation begin: looks for who is in its way, changes its objects, writes its row; all or nothing. */
@injectable()
export class Acceptance {
  constructor(
    @inject(Store) private readonly store: Store,
    @inject(OwnerSession) private readonly owner: OwnerSession,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  /** @throws HeldError, ManagerError as the handler's `accept`: nothing is written */
  async accept<P extends object>(
    handler: Pick<OperationHandler<P, unknown>, 'kind' | 'claims' | 'accept'>,
    parameters: P,
    caller: Caller,
  ): Promise<OperationRecord> {
    const operation = await this.#row(handler, parameters, caller);
    await this.store.transaction(async (records) => {
      await records.lockClaimed(operation.claims);
      const holders = await records.conflictingOperations(operation.claims);
      if (holders.length > 0) throw new HeldError(holders);
      await handler.accept(records, parameters);
      await records.insertOperation(operation);
    });
    return operation;
  }

  async #row<P extends object>(
    handler: Pick<OperationHandler<P, unknown>, 'kind' | 'claims'>,
    parameters: P,
    { projectId, requestId = `req-${randomUUID()}` }: Caller,
  ): Promise<OperationRecord> {
    const now = new Date(this.clock.now()).toISOString();
    return {
      id: randomUUID(),
      kind: handler.kind,
      claims: handler.claims(parameters),
      parameters: { ...parameters } as Record<string, unknown>,
      ownerId: await this.owner.id(),
      requestId,
      projectId,
      outcome: 'running',
      takeovers: 0,
      cancelRequested: false,
      createdAt: now,
      updatedAt: now,
    };
  }
}
