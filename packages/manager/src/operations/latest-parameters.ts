import type { OperationRun } from '../engine/operation-handler.js';

/** The parameters as the operation last made them durable: what an undo goes by, whoever calls it. */
export async function latestParameters<P extends object>(parameters: P, run: OperationRun): Promise<P> {
  const operation = await run.records.getOperation(run.operationId);
  return operation === undefined ? parameters : (operation.parameters as P);
}
