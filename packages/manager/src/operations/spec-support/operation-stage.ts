import type { DriverErrorCode, DriverPlugin, GuardedDriver } from '@scoria/core';
import { createBackend, createContext, DriverError, GIB } from '@scoria/core';
import type { BackendRecord, Store as OpenStore } from '@scoria/store';
import { openStore, Store } from '@scoria/store';
import {
  FakeClock,
  FakeLockManager,
  fakePorts,
  MemoryArray,
  MemoryLogger,
  memoryPlugin,
} from '@scoria/testkit';
import { Container, ContainerModule } from 'inversify';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Configuration } from '../../configuration.js';
import { noObserver, StepObserver } from '../../engine/step-observer.js';
import type { OperationBackend } from '../../engine/operation-handler.js';
import { OwnerSession } from '../../engine/owner-session.js';
import { Recovery } from '../../engine/recovery.js';
import { ManagerError } from '../../errors.js';
import { managerModule } from '../../manager-module.js';
import { BackendAccess } from '../../views/backend-access.js';
import { bindViews } from '../../views/views-module.js';
import { AttachmentOperations } from '../attachment-operations.js';
import { DataAccess } from '../data-access.js';
import { ManageOperations } from '../manage-operations.js';
import { operationsModule } from '../operations-module.js';
import { SnapshotOperations } from '../snapshot-operations.js';
import { VolumeOperations } from '../volume-operations.js';

export const CALLER = { projectId: 'project', requestId: 'req-1' };

/** What a driver's method does instead of its work: fails before or after it, or never answers. */
export interface Trouble {
  readonly method: string;
  readonly when: 'before' | 'after';
  /** Absent: the call never ends, as where its process was killed. */
  readonly code?: DriverErrorCode;
  readonly backend?: string;
}

export interface StageOptions {
  readonly plugins?: Readonly<Record<string, DriverPlugin>>;
  readonly quotas?: Partial<Configuration['quotas']>;
}

/** Two backends in memory and the records in a file; any number of processes on them. */
export class OperationStage implements AsyncDisposable {
  readonly #processes: OperationProcess[] = [];

  private constructor(
    readonly store: OpenStore,
    private readonly directory: string,
    private readonly arrays: ReadonlyMap<string, string>,
    private readonly options: StageOptions,
  ) {}

  static async open(options: StageOptions = {}): Promise<OperationStage> {
    const directory = await mkdtemp(path.join(tmpdir(), 'scoria-operations-'));
    const store = await openStore({
      url: `sqlite:${directory}/records.sqlite`,
      clock: new FakeClock({ autoAdvance: true }),
      lockManager: new FakeLockManager(),
      lockDirectory: directory,
    });
    const names = Object.keys(options.plugins ?? { one: memoryPlugin, two: memoryPlugin });
    const arrays = new Map(names.map((name) => [name, randomUUID()]));
    return new OperationStage(store, directory, arrays, options);
  }

  array(backend: string): MemoryArray {
    return MemoryArray.named(this.arrays.get(backend) ?? '');
  }

  /** A process that runs operations; the one before it may still run, or be killed. */
  async process(): Promise<OperationProcess> {
    const made = await OperationProcess.start(this.store, this.directory, this.arrays, this.options);
    this.#processes.push(made);
    return made;
  }

  /** The counters and what the rows add up to; equal, if everything was counted. */
  async quota(): Promise<{ counted: Record<string, number>; rows: Record<string, number> }> {
    const usage = await this.store.quotaUsage(CALLER.projectId);
    const rows = await this.store.countQuotaUsage(CALLER.projectId);
    return { counted: Object.fromEntries(usage.map(({ resource, inUse }) => [resource, inUse])), rows };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#processes) await one.kill();
    await this.store.close();
    for (const one of this.#processes) one.bury();
    for (const name of this.arrays.values()) MemoryArray.remove(name);
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** One process: its owner, its engine, its drivers, and the troubles these are told to have. */
export class OperationProcess implements BackendAccess {
  readonly troubles: Trouble[] = [];
  /** Backends that are down. */
  readonly down = new Set<string>();
  readonly #backends = new Map<string, OperationBackend>();
  readonly #hanging: ((reason: Error) => void)[] = [];
  #stuck: (() => void) | undefined;
  /** Settles when a call of a driver has begun to hang. */
  readonly stuck = new Promise<void>((resolve) => {
    this.#stuck = resolve;
  });

  private constructor(
    readonly container: Container,
    private readonly arrays: ReadonlyMap<string, string>,
  ) {}

  static async start(
    store: OpenStore,
    directory: string,
    arrays: ReadonlyMap<string, string>,
    { plugins = {}, quotas = {} }: StageOptions,
  ): Promise<OperationProcess> {
    const root = new Container();
    root.load(fakePorts());
    const container = new Container({ parent: root });
    container.bind(Store).toConstantValue(store);
    container.bind(StepObserver).toConstantValue(noObserver);
    container.bind(Configuration).toConstantValue(configurationOf(directory, [...arrays.keys()], quotas));
    container.load(managerModule, operationsModule, new ContainerModule(({ bind }) => bindViews(bind)));
    const made = new OperationProcess(container, arrays);
    container.unbind(BackendAccess);
    container.bind(BackendAccess).toConstantValue(made);
    for (const [name, array] of arrays)
      await made.#startBackend(root, plugins[name] ?? memoryPlugin, name, array);
    return made;
  }

  get volumes(): VolumeOperations {
    return this.container.get(VolumeOperations);
  }

  get snapshots(): SnapshotOperations {
    return this.container.get(SnapshotOperations);
  }

  get attachments(): AttachmentOperations {
    return this.container.get(AttachmentOperations);
  }

  get data(): DataAccess {
    return this.container.get(DataAccess);
  }

  get managing(): ManageOperations {
    return this.container.get(ManageOperations);
  }

  /** Takes over what killed processes have left. */
  async recover(): Promise<void> {
    await this.container.get(Recovery).pass();
  }

  /** Its lock is free from now on; what hangs hangs for as long as the stage is there. */
  async kill(): Promise<void> {
    await this.container.get(OwnerSession).release();
  }

  /** Ends what hangs, where it can do nothing any more: who waits for it keeps the test runner waiting. */
  bury(): void {
    for (const end of this.#hanging.splice(0)) end(new Error('the process is dead'));
  }

  async open(name: string): Promise<OperationBackend> {
    const backend = this.#backends.get(name);
    if (backend !== undefined && !this.down.has(name)) return Promise.resolve(backend);
    throw new ManagerError({ code: 'backend-down', message: `backend ${name} is down` });
  }

  /** The first has the most room. */
  async known(): Promise<BackendRecord[]> {
    const names = [...this.#backends.keys()];
    return Promise.resolve(
      names.map((name, index): BackendRecord => {
        const free = (names.length - index) * 100 * GIB;
        return {
          name,
          driver: 'memory',
          state: this.down.has(name) ? 'down' : 'up',
          capabilities: this.#backends.get(name)?.capabilities ?? [],
          pools: [
            {
              name: this.arrays.get(name) ?? '',
              totalBytes: free,
              freeBytes: free,
              provisionedBytes: 0,
              reservedPercentage: 0,
              maxOverSubscriptionRatio: 1,
              thinProvisioning: false,
            },
          ],
          updatedAt: '2026-01-01T00:00:00.000Z',
        };
      }),
    );
  }

  async #startBackend(root: Container, plugin: DriverPlugin, name: string, array: string): Promise<void> {
    const backend = await createBackend(root, plugin, {
      name,
      options: { array_name: array },
      stateDirectory: '/state',
    });
    await backend.start(createContext({ requestId: 'req-1', logger: new MemoryLogger() }));
    const driver = this.#troubled(name, backend.driver);
    this.#backends.set(name, { name, driver, capabilities: plugin.capabilities });
  }

  #troubled(backend: string, driver: GuardedDriver): GuardedDriver {
    return new Proxy(driver, {
      get: (target, method) => {
        const value: unknown = Reflect.get(target, method);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          await this.#trouble(backend, String(method), 'before');
          const result: unknown = await Reflect.apply(value, target, args);
          await this.#trouble(backend, String(method), 'after');
          return result;
        };
      },
    });
  }

  /** Each trouble is had once. */
  async #trouble(backend: string, method: string, when: Trouble['when']): Promise<void> {
    const index = this.troubles.findIndex(
      (one) => one.method === method && one.when === when && (one.backend ?? backend) === backend,
    );
    const [trouble] = index === -1 ? [] : this.troubles.splice(index, 1);
    if (trouble === undefined) return;
    const { code } = trouble;
    if (code !== undefined) throw new DriverError({ code, message: `${method} said ${code}` });
    this.#stuck?.();
    await new Promise<never>((_resolve, reject) => this.#hanging.push(reject));
  }
}

function configurationOf(
  statePath: string,
  enabledBackends: readonly string[],
  quotas: Partial<Configuration['quotas']>,
): Configuration {
  return {
    statePath,
    databaseUrl: '',
    enabledBackends,
    backends: [],
    quotas: { volumes: -1, snapshots: -1, gigabytes: -1, ...quotas },
    listen: { host: '127.0.0.1', port: 0 },
    backendConcurrency: 4,
    statsIntervalMs: 60_000,
    logLevel: 'error',
  };
}
