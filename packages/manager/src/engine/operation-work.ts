import type { OperationRecord } from '@scoria/store';
import { ManagerError } from '../errors.js';
import type { OperationHandler } from './operation-handler.js';

/** An operation of this process, from its acceptance or takeover to its end. */
export interface Work<P extends object, R> {
  readonly handler: OperationHandler<P, R>;
  readonly operation: OperationRecord;
  readonly abort: AbortController;
  /** Aborted when it is not ours any more. */
  readonly lost: AbortSignal;
  /** Set where its process died, or it could not be ended before: what its end is to say if it is taken back. */
  readonly takeover?: ManagerError;
  /** As they were stored last. */
  parameters: P;
}

/** Why the signal of an operation is aborted. */
export function cancelled(why: string, cause?: unknown): ManagerError {
  return new ManagerError({ code: 'cancelled', message: `the operation was cancelled: ${why}`, cause });
}

/** The manager ends: what the next one can go on with is left to it. */
export class StoppingError extends ManagerError {
  constructor() {
    super({ code: 'cancelled', message: 'the operation was cancelled: the manager is stopping' });
  }
}

export function interrupted({ kind, id }: OperationRecord): ManagerError {
  return new ManagerError({
    code: 'operation-failed',
    message: `the process that worked on ${kind} (${id}) ended before it was done; what it had made was removed`,
    details: { code: 'interrupted' },
  });
}

export function notOurs({ kind, id }: OperationRecord, cause: unknown): ManagerError {
  return new ManagerError({
    code: 'operation-failed',
    message: `${kind} (${id}) is finished by another process now; see scoria operation show ${id}`,
    cause,
  });
}

export function notEnded({ kind, id }: OperationRecord, cause: Error): ManagerError {
  return new ManagerError({
    code: 'operation-failed',
    message: `${kind} (${id}) has not ended yet and is tried again: ${cause.message}; see scoria operation show ${id}`,
    details: { code: 'not-ended' },
    cause,
  });
}
