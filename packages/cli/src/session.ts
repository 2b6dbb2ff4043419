import type { Caller, Configuration, VolumeManager } from '@scoria/manager';
import { createVolumeManager, loadConfiguration, ManagerError } from '@scoria/manager';
import type { Globals } from './globals.js';
import { configurationSource } from './drivers.js';
import { ProgressBar } from './output/progress.js';
import { Printer } from './output/printer.js';
import { endAtOnce } from './end-in-any-case.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** What a command works with. */
export interface Session {
  readonly manager: VolumeManager;
  readonly caller: Caller;
  readonly printer: Printer;
  readonly bar: ProgressBar;
}

export async function configurationOf(globals: Globals): Promise<Configuration> {
  const configuration = await loadConfiguration(configurationSource(globals));
  return globals.verbose ? { ...configuration, logLevel: 'debug' } : { ...configuration, logLevel: 'error' };
}

/** Runs one command's work on the state, beside whatever else works on it. */
export async function inSession(globals: Globals, work: (session: Session) => Promise<void>): Promise<void> {
  const configuration = await configurationOf(globals);
  await using manager = await createVolumeManager(configuration, { forCommand: true });
  using bar = new ProgressBar();
  const stopListening = manager.onEvent((event) => {
    bar.show(event);
  });
  try {
    const printer = new Printer(globals, () => {
      bar.clear();
    });
    await work({ manager, caller: { projectId: globals.project }, printer, bar });
  } finally {
    stopListening();
  }
}

/**
 * As {@link inSession}, for what changes something: what dead processes have left is dealt with first. Ctrl-C cancels
 * the operation; a second one ends the command, and whoever comes next deals with what it has left.
 */
export async function inChangingSession(
  globals: Globals,
  work: (session: Session) => Promise<void>,
): Promise<void> {
  const abort = new AbortController();
  const interrupt = (): void => {
    if (abort.signal.aborted) endAtOnce(130);
    process.stderr.write('scoria: cancelling; once more to end at once\n');
    abort.abort(new ManagerError({ code: 'cancelled', message: 'the command was interrupted' }));
  };
  for (const name of SIGNALS) process.on(name, interrupt);
  try {
    await inSession(globals, async ({ caller, ...session }) => {
      await session.manager.start();
      abort.signal.throwIfAborted();
      await work({ ...session, caller: { ...caller, signal: abort.signal } });
    });
  } catch (error) {
    throw abort.signal.aborted ? cancelled(error) : error;
  } finally {
    for (const name of SIGNALS) process.off(name, interrupt);
  }
}

function cancelled(cause: unknown): ManagerError {
  return new ManagerError({
    code: 'cancelled',
    message: 'cancelled; what it was doing is taken back (scoria operation list, scoria volume show)',
    cause,
  });
}
