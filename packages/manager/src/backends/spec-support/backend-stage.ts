import type { BackendRecord, Store } from '@scoria/store';
import { openStore } from '@scoria/store';
import { FakeClock, FakeLockManager, fakePorts, MemoryArray, MemoryLogger } from '@scoria/testkit';
import { Container } from 'inversify';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { BackendSection, Configuration } from '../../configuration.js';
import { ManagerEvents } from '../../events.js';
import { Ports } from '../../ports.js';
import type { ManagerEvent } from '../../views.js';
import type { RunnerParts } from '../backend-runner.js';
import { BackendRunner } from '../backend-runner.js';
import { Backends } from '../backends.js';
import type { Script } from './scripted-driver.js';
import { scriptOf } from './scripted-driver.js';

const DRIVER = fileURLToPath(new URL('scripted-driver.ts', import.meta.url));
export const STATS_MS = 60_000;

/** Arrays whose drivers do as they are told, and what runs them on a clock that stands still. */
export class BackendStage implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly logger = new MemoryLogger();
  readonly events: ManagerEvent[] = [];
  readonly changes: { record: BackendRecord; cameUp: boolean }[] = [];
  readonly #arrays = new Map<string, string>();
  readonly #stops: (() => Promise<void>)[] = [];
  readonly #root = new Container();

  private constructor(
    readonly store: Store,
    private readonly directory: string,
  ) {
    this.#root.load(fakePorts({ clock: this.clock, logger: this.logger }));
  }

  static async open(): Promise<BackendStage> {
    const directory = await mkdtemp(path.join(tmpdir(), 'scoria-backends-'));
    const store = await openStore({
      url: `sqlite:${directory}/records.sqlite`,
      clock: new FakeClock({ autoAdvance: true }),
      lockManager: new FakeLockManager(),
      lockDirectory: directory,
    });
    return new BackendStage(store, directory);
  }

  /** What the driver of a backend does. */
  script(backend: string): Script {
    return scriptOf(this.#array(backend));
  }

  section(name: string, fields: Partial<BackendSection> = {}): BackendSection {
    const options = { array_name: this.#array(name) };
    return { name, driver: DRIVER, options, optionsAreText: false, ...fields };
  }

  runner(parts: Partial<RunnerParts> = {}): BackendRunner {
    const runner = new BackendRunner({
      root: this.#root,
      section: this.section('one'),
      stateDirectory: this.directory,
      baseDirectory: this.directory,
      statsIntervalMs: STATS_MS,
      clock: this.clock,
      logger: this.logger,
      onChange: async (record, cameUp) => {
        this.changes.push({ record, cameUp });
        return Promise.resolve();
      },
      exportAgain: async () => Promise.resolve(),
      ...parts,
    });
    this.#stops.push(() => runner.stop());
    return runner;
  }

  backends(...backends: BackendSection[]): Backends {
    const configuration = {
      statePath: this.directory,
      statsIntervalMs: STATS_MS,
      backendConcurrency: 2,
      enabledBackends: backends.map(({ name }) => name),
      backends,
    } as unknown as Configuration;
    const events = new ManagerEvents(this.clock, this.logger);
    events.on((event) => this.events.push(event));
    const ports = new Ports(this.store, this.clock, this.logger, events);
    const made = new Backends(configuration, this.#root, ports);
    this.#stops.push(() => made.stop());
    return made;
  }

  #array(backend: string): string {
    const array = this.#arrays.get(backend) ?? randomUUID();
    this.#arrays.set(backend, array);
    return array;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stop of this.#stops) await stop();
    for (const array of this.#arrays.values()) MemoryArray.remove(array);
    await this.store.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(2);
}

/** What a driver does that hangs. */
export async function hang(): Promise<never> {
  return new Promise(() => undefined);
}
