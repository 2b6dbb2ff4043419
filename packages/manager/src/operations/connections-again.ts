import type { ConnectionInfo, Connector, Volume } from '@scoria/core';
import { createContext } from '@scoria/core';
import type { Store } from '@scoria/store';
import { within } from '../backends/within.js';
import type { OperationRun } from '../engine/operation-handler.js';
import { recordConnections } from '../recorded-connections.js';
import type { VolumeSubject } from './volume-state.js';

/** What the answer to one question may take. */
const LIMIT_MS = 60_000;

/**
 * Records anew how the guests of a volume reach it, after what may have changed that: whether it went well, failed or
 * was taken back. Nothing where no guest has it. Never rejects; see `recordConnections`. It comes before the end of the
 * operation is written: a process that dies in between leaves the operation, and whoever takes it over asks again.
 */
export async function connectionsAgain(
  store: Store,
  run: OperationRun,
  { volumeId, backend, before }: VolumeSubject,
): Promise<void> {
  if (before !== 'in-use') return;
  await recordConnections(store, volumeId, {
    logger: run.context.logger,
    connect: (volume, connector) => ask(run, backend, volume, connector),
  });
}

/** Also of an operation that was cancelled: what it has changed it has changed. */
async function ask(
  run: OperationRun,
  backend: string,
  volume: Volume,
  connector: Connector,
): Promise<ConnectionInfo> {
  const { requestId, logger, signal: cancelled } = run.context;
  const { driver } = await run.backend(backend);
  const late = `the answer took longer than ${String(LIMIT_MS / 1000)} s`;
  return within({ milliseconds: LIMIT_MS, signal: new AbortController().signal, late }, (signal) => {
    const onStep = async (name: string): Promise<void> => {
      if (!cancelled.aborted) await run.context.step(name);
    };
    return driver.initializeConnection(
      createContext({ requestId, logger, signal, onStep }),
      volume,
      connector,
    );
  });
}
