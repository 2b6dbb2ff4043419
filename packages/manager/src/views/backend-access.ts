import type { BackendRecord } from '@scoria/store';
import type { OperationBackend } from '../engine/operation-handler.js';

/** A backend that is up. */
export type RunningBackend = OperationBackend;

/** The backends of this process, as the views and the placement use them. */
export interface BackendAccess {
  /**
   * Starts the backend, if need be.
   * @throws ManagerError `not-found`, `backend-down`
   */
  open(name: string): Promise<RunningBackend>;
  /**
   * What is known of the enabled backends, in the order of the configuration, started to be known if need be.
   * @param needed the only one that is started: another one may take long to show that it does not work
   */
  known(needed?: string): Promise<BackendRecord[]>;
}
export const BackendAccess = Symbol.for('scoria.BackendAccess');
