import type { Backend, OperationContext } from '@scoria/core';
import { Container, createBackend, createContext, loadPlugin, Logger } from '@scoria/core';
import { hostModule } from '@scoria/host';

import { randomUUID } from 'node:crypto';
import path from 'node:path';

/** A backend, and the context that each call to its driver gets. */
export interface Running {
  readonly backend: Backend;
  context(): OperationContext;
}

/** Starts the local driver in `directory`, the way any program would: ports, plugin, options. */
export async function startBackend(directory: string, onStep: (step: string) => void): Promise<Running> {
  const root = new Container();
  root.load(hostModule({ log: { level: 'warn' } }));
  const backend = await createBackend(root, await loadPlugin('@scoria/driver-local'), {
    name: 'local',
    options: { local_volumes_path: path.join(directory, 'volumes') },
    stateDirectory: path.join(directory, 'state'),
  });
  const logger = root.get<Logger>(Logger);
  const context = (): OperationContext => createContext({ requestId: `req-${randomUUID()}`, logger, onStep });
  await backend.start(context());
  return { backend, context };
}
