import type { OperationRecord, Owner, Store as OpenStore } from '@scoria/store';
import { openStore, Store } from '@scoria/store';
import { FakeClock, FakeLockManager, fakePorts, MemoryLogger } from '@scoria/testkit';
import { Container } from 'inversify';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Configuration } from '../../configuration.js';
import { ManagerError } from '../../errors.js';
import { managerModule } from '../../manager-module.js';
import type { ManagerEvent } from '../../views.js';
import { ManagerEvents } from '../../events.js';
import { BackendAccess } from '../../views/backend-access.js';
import { CancelWatch } from '../cancel-watch.js';
import { OperationEngine } from '../operation-engine.js';
import type { OperationBackend } from '../operation-handler.js';
import { OperationHandlers } from '../operation-handler.js';
import { Recovery } from '../recovery.js';
import { StepObserver } from '../step-observer.js';
import { deferred } from './deferred.js';
import { TestHandler } from './test-handler.js';

export const CALLER = { projectId: 'project', requestId: 'req-1' };

/** Engines as in processes of their own, on one database file. */
export class EngineStage implements AsyncDisposable {
  readonly #locks = new FakeLockManager();
  readonly #processes: EngineProcess[] = [];

  private constructor(private readonly directory: string) {}

  static async open(): Promise<EngineStage> {
    return new EngineStage(await mkdtemp(path.join(tmpdir(), 'scoria-engine-')));
  }

  async process(): Promise<EngineProcess> {
    const name = `process-${String(this.#processes.length)}`;
    const store = await openStore({
      url: `sqlite:${this.directory}/records.sqlite`,
      clock: new FakeClock({ autoAdvance: true }),
      lockManager: this.#locks.process(name),
      lockDirectory: path.join(this.directory, 'owners'),
    });
    const made = new EngineProcess(store, () => {
      this.#locks.killHolders(name);
    });
    this.#processes.push(made);
    return made;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { store } of this.#processes) await store.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** One process: an engine, and what a spec does to it. */
export class EngineProcess implements BackendAccess {
  readonly clock = new FakeClock();
  readonly logger = new MemoryLogger();
  readonly events: ManagerEvent[] = [];
  readonly steps: string[] = [];
  readonly undoing = new TestHandler('make', 'undo');
  readonly resuming = new TestHandler('remove', 'resume');
  /** What the store does instead of its work. */
  readonly troubles: Partial<Pick<OpenStore, 'transaction' | 'getOperation' | 'changeOperation'>> = {};
  readonly lostLocks: ((error: Error) => void)[] = [];
  isDown = false;
  readonly #container = new Container();

  constructor(
    readonly store: OpenStore,
    /** Its locks are free; what hangs, hangs for ever. */
    readonly kill: () => void,
  ) {
    this.#container.load(fakePorts({ clock: this.clock, logger: this.logger }));
    this.#container.bind(Store).toConstantValue(this.#troubled());
    this.#container.bind(Configuration).toConstantValue({ backends: [], backendConcurrency: 2 });
    this.#container.bind(StepObserver).toConstantValue({
      onStep: (_: unknown, step: string) => void this.steps.push(step),
    });
    this.#container.bind(Symbol.for('scoria.RootContainer')).toConstantValue(this.#container);
    this.#container.load(managerModule);
    this.#container.unbind(BackendAccess);
    this.#container.bind(BackendAccess).toConstantValue(this);
    for (const handler of [this.undoing, this.resuming])
      this.#container.bind(OperationHandlers).toConstantValue(handler);
    this.#container.get(ManagerEvents).on((event) => this.events.push(event));
  }

  get engine(): OperationEngine {
    return this.#container.get(OperationEngine);
  }

  get recovery(): Recovery {
    return this.#container.get(Recovery);
  }

  get cancels(): CancelWatch {
    return this.#container.get(CancelWatch);
  }

  async open(name: string): Promise<OperationBackend> {
    if (this.isDown) throw new ManagerError({ code: 'backend-down', message: `backend ${name} is down` });
    return Promise.resolve({ name } as OperationBackend);
  }

  async known(): Promise<never[]> {
    return Promise.resolve([]);
  }

  /** The only operation there is. */
  async operation(): Promise<OperationRecord> {
    const [only, ...more] = await this.store.listOperations();
    if (only === undefined || more.length > 0) throw new Error('there is not one operation');
    return only;
  }

  #troubled(): OpenStore {
    return new Proxy(this.store, {
      get: (target, key) => {
        if (key === 'owners') return { ...bound(target.owners), register: () => this.#register() };
        const trouble: unknown = Reflect.get(this.troubles, key);
        const value: unknown = trouble ?? Reflect.get(target, key);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  }

  async #register(): Promise<Owner> {
    const owner = await this.store.owners.register();
    const lost = deferred<Error>();
    this.lostLocks.push(lost.resolve);
    return {
      id: owner.id,
      lost: lost.promise,
      release: () => owner.release(),
      [Symbol.asyncDispose]: () => owner.release(),
    };
  }
}

function bound(owners: OpenStore['owners']): OpenStore['owners'] {
  return { register: () => owners.register(), deadAmong: (ids) => owners.deadAmong(ids) };
}
