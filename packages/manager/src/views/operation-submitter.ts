import type { OperationHandler } from '../engine/operation-handler.js';
import type { Caller } from '../requests.js';

/** The operation engine, as far as a view starts operations of its own. */
export interface OperationSubmitter {
  /** @throws ManagerError where it is not accepted */
  submit<P extends object, R>(
    handler: OperationHandler<P, R>,
    parameters: P,
    caller: Caller,
  ): Promise<{ readonly operationId: string; readonly done: Promise<R> }>;
}
export const OperationSubmitter = Symbol.for('scoria.OperationSubmitter');
