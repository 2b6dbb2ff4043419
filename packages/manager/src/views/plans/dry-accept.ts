import type { Records, Store } from '@scoria/store';
import type { OperationHandler } from '../../engine/operation-handler.js';
import { ManagerError } from '../../errors.js';

/** Raised to end a transaction without a change. */
class NotMeant extends Error {}

/**
 * Why an operation would be refused now: the conflicts, and what its own acceptance says. That runs as it would for
 * the operation, in a transaction that never takes place.
 */
export async function refusalsOf<P extends object>(
  store: Store,
  handler: Pick<OperationHandler<P, unknown>, 'claims' | 'accept'>,
  parameters: P,
): Promise<string[]> {
  const problems: string[] = [];
  try {
    await store.transaction(async (records) => {
      problems.push(...(await conflicts(records, handler.claims(parameters))));
      problems.push(...(await acceptance(() => handler.accept(records, parameters))));
      throw new NotMeant();
    });
  } catch (error) {
    if (!(error instanceof NotMeant)) throw error;
  }
  return problems;
}

async function conflicts(
  records: Records,
  claims: Parameters<Records['conflictingOperations']>[0],
): Promise<string[]> {
  const running = await records.conflictingOperations(claims);
  return running.map(
    ({ id, kind, createdAt }) =>
      `${kind} (operation ${id}) is at work on it since ${createdAt}; wait for it with 'scoria operation watch ${id}'`,
  );
}

async function acceptance(accept: () => Promise<void>): Promise<string[]> {
  try {
    await accept();
    return [];
  } catch (error) {
    if (error instanceof ManagerError) return [error.message];
    throw error;
  }
}
