import type {
  Backend,
  BackendStats,
  Clock,
  ConnectionInfo,
  Connector,
  Container,
  DriverPlugin,
  Logger,
  OperationContext,
  Volume,
} from '@scoria/core';
import { createBackend, createContext, loadPlugin, messageOf, secretValues } from '@scoria/core';
import type { BackendRecord } from '@scoria/store';
import { randomUUID } from 'node:crypto';
import type { BackendSection } from '../configuration.js';
import { optionsFor, specifierOf } from '../configuration/section-options.js';
import { ManagerError } from '../errors.js';
import { maskSecrets } from '../mask-secrets.js';
import { StatisticsWatch } from './statistics-watch.js';
import { within } from './within.js';

/** What one step of a start, or a stop, may take. */
const STEP_MS = 120_000;
const RETRY_MS = [1000, 2000, 4000];
const LATER_MS = 60_000;

/** What is asked of a driver for each volume in use, no longer than it may take. */
export interface ExportAgain {
  /** Gives a volume's export back. */
  ensureExport(volume: Volume): Promise<void>;
  /** Says how a guest reaches the volume. */
  connect(volume: Volume, connector: Connector): Promise<ConnectionInfo>;
}

export interface RunnerParts {
  readonly root: Container;
  readonly section: BackendSection;
  readonly stateDirectory: string;
  /** What relative paths of the configuration are relative to. */
  readonly baseDirectory: string;
  readonly statsIntervalMs: number;
  /** Two minutes unless told. */
  readonly stepMs?: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Each time when what is known of the backend has changed. */
  onChange(record: BackendRecord, cameUp: boolean): Promise<void>;
  /** After a start, before the backend is up: what is in use gets its exports back, and its connections recorded. */
  exportAgain(driver: ExportAgain, stopping: AbortSignal): Promise<void>;
}

/** One backend of this process: started, kept up, watched, and stopped; whatever happens to it, others go on. */
export class BackendRunner {
  readonly #stop = new AbortController();
  readonly #watch: StatisticsWatch;
  #plugin: DriverPlugin | undefined;
  #backend: Backend | undefined;
  #stats: BackendStats | undefined;
  #state: BackendRecord['state'] = 'starting';
  #reason: string | undefined;
  #starting: Promise<void> | undefined;
  #refreshing: Promise<void> | undefined;
  #keeping: Promise<void> | undefined;

  constructor(private readonly parts: RunnerParts) {
    this.#watch = new StatisticsWatch(parts.statsIntervalMs);
  }

  get name(): string {
    return this.parts.section.name;
  }

  /** The running backend; `undefined` while it is not up. */
  get backend(): Backend | undefined {
    return this.#state === 'up' ? this.#backend : undefined;
  }

  get record(): BackendRecord {
    const { section, clock } = this.parts;
    const { vendorName, storageProtocol, pools = [] } = this.#stats ?? {};
    return {
      name: section.name,
      driver: section.driver,
      state: this.#state,
      capabilities: this.#plugin?.capabilities ?? [],
      pools,
      updatedAt: new Date(clock.now()).toISOString(),
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      ...(vendorName === undefined ? {} : { vendorName }),
      ...(storageProtocol === undefined ? {} : { storageProtocol }),
    };
  }

  /** One attempt to have it up, unless it is; never rejects: see `record`. */
  async start(): Promise<void> {
    if (this.backend !== undefined || this.#isStopped()) return;
    if (this.#backend !== undefined) return this.refresh();
    this.#starting ??= this.#attempt().finally(() => (this.#starting = undefined));
    await this.#starting;
  }

  /** Tries to start it again after failures, and asks for its statistics, until `stop`. */
  keepUp(): void {
    this.#keeping ??= this.#keep();
  }

  /** Asks for the statistics now: what answers is up, what does not is down. */
  async refresh(): Promise<void> {
    this.#refreshing ??= this.#ask().finally(() => (this.#refreshing = undefined));
    await this.#refreshing;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#keeping;
    await this.#starting;
    await this.#refreshing;
    const backend = this.#backend;
    this.#backend = undefined;
    if (backend !== undefined) await this.#discard(backend);
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  async #keep(): Promise<void> {
    for (
      let failures = this.#failuresAfter(0);
      !this.#isStopped();
      failures = this.#failuresAfter(failures)
    ) {
      // It rejects at the stop only.
      await this.parts.clock.sleep(this.#pauseAfter(failures), this.#stop.signal).catch(() => undefined);
      if (this.#isStopped()) return;
      await (this.#backend === undefined ? this.start() : this.refresh());
    }
  }

  /** One that has been started is only asked, and found to be back as soon as its statistics would be. */
  #pauseAfter(failures: number): number {
    const { statsIntervalMs } = this.parts;
    const pause = failures === 0 ? statsIntervalMs : (RETRY_MS[failures - 1] ?? LATER_MS);
    return this.#backend === undefined ? pause : Math.min(pause, statsIntervalMs);
  }

  #failuresAfter(before: number): number {
    return this.#state === 'up' ? 0 : before + 1;
  }

  async #ask(): Promise<void> {
    const backend = this.#backend;
    if (backend === undefined) return;
    try {
      this.#stats = await this.#watch.ask(this.#stop.signal, (signal) =>
        backend.driver.stats(this.#context(signal)),
      );
      await this.#become('up', undefined);
    } catch (error) {
      if (!this.#isStopped()) await this.#become('down', messageOf(error));
    }
  }

  async #attempt(): Promise<void> {
    try {
      await this.#startUp(await this.#made());
      if (!this.#isStopped()) await this.#become('up', undefined);
    } catch (error) {
      if (!this.#isStopped()) await this.#become('down', messageOf(error));
    }
  }

  /** A driver's module that never ends loading must not keep the others waiting; one that is late is let go. */
  async #made(): Promise<Backend> {
    const making = this.#make();
    try {
      return await this.#limited('loading the driver', async () => making);
    } catch (error) {
      void making.then(
        (late) => this.#discard(late),
        () => undefined,
      );
      throw error;
    }
  }

  async #make(): Promise<Backend> {
    const { root, section, stateDirectory, baseDirectory, logger } = this.parts;
    const { name, optionsAreText, problem } = section;
    if (problem !== undefined) throw new ManagerError({ code: 'invalid-input', message: problem });
    this.#plugin = await loadPlugin(specifierOf(section, baseDirectory));
    const { options, ignored } = optionsFor(this.#plugin, section);
    maskSecrets(root, secretValues(this.#plugin.options, options));
    if (ignored.length > 0) logger.debug('options that the driver does not have', { backend: name, ignored });
    return createBackend(root, this.#plugin, {
      name,
      options,
      optionsAreText,
      baseDirectory,
      stateDirectory,
    });
  }

  /** Where it fails, what was begun is ended. */
  async #startUp(backend: Backend): Promise<void> {
    try {
      this.#stats = await this.#limited('the start', (context) => backend.start(context));
      await this.parts.exportAgain(this.#exportsOf(backend), this.#stop.signal);
      this.#backend = backend;
    } catch (error) {
      await this.#discard(backend);
      throw error;
    }
  }

  #exportsOf({ driver }: Backend): ExportAgain {
    return {
      ensureExport: async (volume) =>
        this.#limited('giving its export back', (context) => driver.ensureExport(context, volume)),
      connect: async (volume, connector) =>
        this.#limited('the answer', (context) => driver.initializeConnection(context, volume, connector)),
    };
  }

  async #limited<T>(what: string, work: (context: OperationContext) => Promise<T>): Promise<T> {
    const milliseconds = this.parts.stepMs ?? STEP_MS;
    const late = `${what} took longer than ${String(milliseconds / 1000)} s`;
    return within({ milliseconds, signal: this.#stop.signal, late }, (signal) => work(this.#context(signal)));
  }

  async #discard(backend: Backend): Promise<void> {
    const milliseconds = this.parts.stepMs ?? STEP_MS;
    const late = `the stop took longer than ${String(milliseconds / 1000)} s`;
    try {
      await within({ milliseconds, signal: new AbortController().signal, late }, (signal) =>
        backend.stop(this.#context(signal)),
      );
    } catch (error) {
      const reason = messageOf(error);
      this.parts.logger.warn('a backend could not be stopped', { backend: this.name, reason });
    }
  }

  async #become(state: 'up' | 'down', reason: string | undefined): Promise<void> {
    const changed = state !== this.#state || reason !== this.#reason;
    const cameUp = state === 'up' && this.#state !== 'up';
    this.#state = state;
    this.#reason = reason;
    const { logger } = this.parts;
    if (changed && state === 'down') logger.warn('a backend is down', { backend: this.name, reason });
    if (cameUp) logger.info('a backend is up', { backend: this.name });
    await this.parts.onChange(this.record, cameUp);
  }

  #context(signal: AbortSignal): OperationContext {
    const requestId = `req-${randomUUID()}`;
    return createContext({
      requestId,
      logger: this.parts.logger.child({ requestId, backend: this.name }),
      signal,
    });
  }
}
