import type { OperationBackend, OperationRun } from '../engine/operation-handler.js';
import { ManagerError } from '../errors.js';

/** The code of an operation that was cancelled before its driver was called: nothing is to be undone. */
export const NOT_BEGUN = 'not-begun';

/**
 * The backend of an operation that begins now.
 * @throws ManagerError `backend-down`; `cancelled`, with the code `not-begun` in its details
 */
export async function beginOn(run: OperationRun, backend: string): Promise<OperationBackend> {
  if (run.context.signal.aborted) {
    throw new ManagerError({
      code: 'cancelled',
      message: 'the operation was cancelled before it began; nothing was changed on the backend',
      details: { code: NOT_BEGUN },
      cause: run.context.signal.reason,
    });
  }
  return run.backend(backend);
}

/**
 * The operations of this process that ended before their driver was called. Their undo does not call it either: it
 * would wait for a backend that is down, with nothing to remove there. Another process does not know, and asks.
 */
export class Untouched {
  readonly #operations = new Set<string>();

  async beginOn(run: OperationRun, backend: string): Promise<OperationBackend> {
    try {
      return await beginOn(run, backend);
    } catch (error) {
      this.#operations.add(run.operationId);
      throw error;
    }
  }

  /** True once for an operation that did not call its driver. */
  take({ operationId }: OperationRun): boolean {
    return this.#operations.delete(operationId);
  }
}
