import type { LockManager } from '@scoria/core';
import type { Caller } from '@scoria/manager';
import type { Store } from '@scoria/store';
import type { Globals } from './globals.js';
import { Printer } from './output/printer.js';

/** What a command that only reads the records works with. */
export interface ReadSession {
  readonly store: Store;
  readonly caller: Caller;
  readonly printer: Printer;
}

/** Opens the records and nothing else: no backends, no locks. */
export async function inReadSession(
  globals: Globals,
  work: (session: ReadSession) => Promise<void>,
): Promise<void> {
  const { loadConfiguration } = await import('@scoria/manager');
  const { openStore } = await import('@scoria/store');
  const { configurationSource } = await import('./drivers.js');
  const { databaseUrl, statePath } = await loadConfiguration(configurationSource(globals));
  await using store = await openStore({
    url: databaseUrl,
    clock: { now: () => Date.now(), sleep: refuse },
    lockManager,
    lockDirectory: statePath,
  });
  await work({ store, caller: { projectId: globals.project }, printer: new Printer(globals) });
}

const refuse = async (): Promise<never> =>
  Promise.reject(new Error('a command that only reads neither waits nor locks'));

const lockManager: LockManager = { acquire: refuse };
