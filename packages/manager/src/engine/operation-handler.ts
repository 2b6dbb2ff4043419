import type { GuardedDriver, OperationContext, Capability, ScoriaError } from '@scoria/core';
import type { Claim, Records } from '@scoria/store';

/** A backend that is up, as an operation uses it. */
export interface OperationBackend {
  readonly name: string;
  readonly driver: GuardedDriver;
  readonly capabilities: readonly Capability[];
}

/** What an operation gets while it runs. */
export interface OperationRun {
  readonly operationId: string;
  /** Steps and progress are recorded; the signal is aborted by a cancel, a stop, or a lost owner. */
  readonly context: OperationContext;
  /** Outside of any transaction. */
  readonly records: Records;
  /**
   * A backend that is up, started if need be.
   * @throws ManagerError `backend-down`, `not-found`
   */
  backend(name: string): Promise<OperationBackend>;
  /** Stores the parameters anew, for work in several phases; what a takeover goes on with. Durable on return. */
  updateParameters(parameters: object): Promise<void>;
}

/**
 * One kind of operation: what it holds, how it begins and ends in the records, and what it does. Its parameters are
 * plain JSON and complete, so that another process can finish or undo it from its row alone.
 */
export interface OperationHandler<P extends object, R> {
  /** `create-volume` */
  readonly kind: string;
  /** What becomes of it when its process dies: gone on with, or taken back. */
  readonly recovery: 'resume' | 'undo';
  /** The backends it needs; how many operations run at a time is limited by the first one. */
  backends(parameters: P): readonly string[];
  claims(parameters: P): readonly Claim[];
  /**
   * In the transaction that accepts it, when nobody holds what it claims: inserts, changes of state, quota.
   * @throws ManagerError: nothing is written
   */
  accept(records: Records, parameters: P): Promise<void>;
  /** The work. With recovery `resume` it is called again after a takeover, and has to go on where it was. */
  run(parameters: P, run: OperationRun): Promise<R>;
  /** Removes what `run` has made, all of it or the part there is. Called after a failure, and by an undo. */
  undo?(parameters: P, run: OperationRun): Promise<void>;
  /** In the transaction that ends it. */
  succeed(records: Records, parameters: P, result: R): Promise<void>;
  /** In the transaction that ends it. `error.message` is for the user; its `code` decides the state. */
  fail(records: Records, parameters: P, error: ScoriaError): Promise<void>;
}

/** Any handler, as the registry keeps them. */
export type AnyOperationHandler = OperationHandler<object, unknown>;

/** Every kind of operation there is: bound many times, one for each handler. */
export const OperationHandlers = Symbol.for('scoria.OperationHandlers');
