import type { Backend, ContextOptions, OperationContext } from '@scoria/core';
import { ComputeApi, createBackend, createContext } from '@scoria/core';
import localPlugin from '@scoria/driver-local';
import type { HostOptions } from '@scoria/host';
import { hostModule } from '@scoria/host';
import { MemoryLogger } from '@scoria/testkit';
import { Container } from 'inversify';
import { randomUUID } from 'node:crypto';

export interface DriverOnDirectoryOptions {
  /** The backend's options besides `local_volumes_path`. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** How guests are asked for changes of their disks. */
  readonly compute?: ComputeApi;
  /** What is special about the machine: where its programs are, for one. */
  readonly host?: HostOptions;
  /** Called before each step of an operation. */
  readonly onStep?: ContextOptions['onStep'];
}

/** The local driver on a directory, and no records: for tests that bring their own. */
export interface DriverOnDirectory extends AsyncDisposable {
  readonly driver: Backend['driver'];
  /** What its operations logged, recovery included. */
  readonly logger: MemoryLogger;
  context(): OperationContext;
}

/** Starts it the way a program does, recovery included. */
export async function startDriver(
  directory: string,
  { options, compute, host, onStep }: DriverOnDirectoryOptions = {},
): Promise<DriverOnDirectory> {
  const root = new Container();
  root.load(hostModule({ log: { level: 'error' }, ...host }));
  if (compute !== undefined) root.bind<ComputeApi>(ComputeApi).toConstantValue(compute);
  const backend = await createBackend(root, localPlugin, {
    name: 'local',
    options: { local_volumes_path: directory, ...options },
    stateDirectory: `${directory}.state`,
  });
  const logger = new MemoryLogger();
  const steps = onStep === undefined ? {} : { onStep };
  const context = (): OperationContext =>
    createContext({ requestId: `req-${randomUUID()}`, logger, ...steps });
  const stop = (): Promise<void> => backend.stop(context());
  try {
    await backend.start(createContext({ requestId: 'req-start', logger }));
  } catch (error) {
    await stop();
    throw error;
  }
  return { driver: backend.driver, logger, context, [Symbol.asyncDispose]: stop };
}
