import type { Caller, Configuration } from '@scoria/manager';
import type { Store } from '@scoria/store';
import type { Globals } from './globals.js';
import { Printer } from './output/printer.js';

/** What a command that only reads the records works with. */
export interface ReadSession {
  readonly configuration: Configuration;
  readonly store: Store;
  readonly caller: Caller;
  readonly printer: Printer;
}

/** Opens the records and nothing else: no backends, no locks. */
export async function inReadSession(
  globals: Globals,
  work: (session: ReadSession) => Promise<void>,
): Promise<void> {
  const { loadConfiguration, openRecords } = await import('@scoria/manager/records');
  const { configurationSource } = await import('./drivers.js');
  const configuration = await loadConfiguration(configurationSource(globals));
  await using store = await openRecords(configuration);
  await work({ configuration, store, caller: { projectId: globals.project }, printer: new Printer(globals) });
}
