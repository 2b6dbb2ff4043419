import type { Caller, Configuration, VolumeManager } from '@scoria/manager';
import { createVolumeManager, loadConfiguration } from '@scoria/manager';
import type { Globals } from './globals.js';
import { configurationSource } from './drivers.js';
import { ProgressBar } from './output/progress.js';
import { Printer } from './output/printer.js';

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

/** Runs one command's work on the state, beside whatever else works on it. Ctrl-C cancels; a second one ends. */
export async function inSession(globals: Globals, work: (session: Session) => Promise<void>): Promise<void> {
  const configuration = await configurationOf(globals);
  await using manager = await createVolumeManager(configuration, { forCommand: true });
  using bar = new ProgressBar();
  const abort = new AbortController();
  const interrupt = (): void => {
    if (abort.signal.aborted) process.exit(130);
    process.stderr.write('scoria: cancelling; once more to end at once\n');
    abort.abort(new Error('interrupted'));
  };
  for (const name of SIGNALS) process.on(name, interrupt);
  const stopListening = manager.onEvent((event) => {
    bar.show(event);
  });
  try {
    const caller = { projectId: globals.project, signal: abort.signal };
    await work({ manager, caller, printer: new Printer(globals), bar });
  } finally {
    stopListening();
    for (const name of SIGNALS) process.off(name, interrupt);
  }
}

/** As {@link inSession}, for what changes something: what dead processes have left is dealt with first. */
export async function inChangingSession(
  globals: Globals,
  work: (session: Session) => Promise<void>,
): Promise<void> {
  await inSession(globals, async (session) => {
    await session.manager.start();
    await work(session);
  });
}
