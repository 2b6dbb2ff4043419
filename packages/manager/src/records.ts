import type { Clock, LockManager } from '@scoria/core';
import type { Store } from '@scoria/store';
import { openStore } from '@scoria/store';
import type { Configuration } from './configuration.js';

/**
 * What programs that only look at the records need: `@scoria/manager/records` loads no drivers, no container and
 * none of the manager's services, so that a command answers at once.
 */
export * from './configuration.js';
export * from './configuration/load-configuration.js';
export * from './errors.js';
export * from './lookup.js';

const refuse = async (): Promise<never> =>
  Promise.reject(new Error('records that were opened for reading neither wait nor lock'));

/**
 * Opens the records for queries. Operations are the manager's: nothing here could begin one.
 * @throws StoreError where the records cannot be opened
 */
export async function openRecords({
  databaseUrl,
  statePath,
}: Pick<Configuration, 'databaseUrl' | 'statePath'>): Promise<Store> {
  const clock: Clock = { now: () => Date.now(), sleep: refuse };
  const lockManager: LockManager = { acquire: refuse };
  return openStore({ url: databaseUrl, clock, lockManager, lockDirectory: statePath });
}
