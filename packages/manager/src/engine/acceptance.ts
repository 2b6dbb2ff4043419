import { Clock } from '@scoria/core';
import type { Claim, OperationRecord } from '@scoria/store';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { randomUUID } from 'node:crypto';
import { ManagerError } from '../errors.js';
import type { Caller } from '../requests.js';
import type { OperationHandler } from './operation-handler.js';
import { OwnerSession } from './owner-session.js';

/** What it claims is held by others; which, for who can do something about it. */
export class HeldError extends ManagerError {
  constructor(
    readonly holders: readonly OperationRecord[],
    wanted: readonly Claim[],
  ) {
    const [holder] = holders as [OperationRecord];
    const { id, kind, createdAt } = holder;
    const both =
      wanted.find((claim) => holder.claims.some((held) => isContested(held, claim))) ?? holder.claims[0];
    super({
      code: 'conflict',
      message:
        `${both?.kind ?? 'it'} ${both?.id ?? ''} is busy: the operation ${kind} (${id}) has held it ` +
        `since ${createdAt}; wait for it (scoria operation watch ${id}) and try again`,
      details: { operationId: id, operation: kind, since: createdAt },
    });
  }
}

function isContested(held: Claim, wanted: Claim): boolean {
  const isShared = held.mode === 'shared' && wanted.mode === 'shared';
  return held.kind === wanted.kind && held.id === wanted.id && !isShared;
}

/** An operation that has begun, and until when it is ours. */
export interface Begun {
  readonly operation: OperationRecord;
  readonly lost: AbortSignal;
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
  ): Promise<Begun> {
    const { id: ownerId, lost } = await this.owner.term();
    const operation = this.#row(handler, parameters, { ...caller, ownerId });
    await this.store.transaction(async (records) => {
      await records.lockClaimed(operation.claims);
      const holders = await records.conflictingOperations(operation.claims);
      if (holders.length > 0) throw new HeldError(holders, operation.claims);
      await handler.accept(records, parameters);
      await records.insertOperation(operation);
    });
    return { operation, lost };
  }

  #row<P extends object>(
    handler: Pick<OperationHandler<P, unknown>, 'kind' | 'claims'>,
    parameters: P,
    { projectId, ownerId, requestId = `req-${randomUUID()}` }: Caller & { readonly ownerId: string },
  ): OperationRecord {
    const now = new Date(this.clock.now()).toISOString();
    return {
      id: randomUUID(),
      kind: handler.kind,
      claims: handler.claims(parameters),
      parameters: { ...parameters } as Record<string, unknown>,
      ownerId,
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
