import type {
  Backend,
  BackendStats,
  Clock,
  Container,
  GuardedDriver,
  Logger,
  OperationContext,
} from '@scoria/core';
import { createBackend, createContext, loadPlugin, messageOf } from '@scoria/core';
import type { BackendRecord } from '@scoria/store';
import { randomUUID } from 'node:crypto';
import type { BackendSection } from '../configuration.js';
import { within } from './within.js';

const START_MS = 120_000;
const RETRY_MS = [1000, 2000, 4000];
const LATER_MS = 60_000;

export interface RunnerParts {
  readonly root: Container;
  readonly section: BackendSection;
  readonly stateDirectory: string;
  /** What a relative driver path is relative to. */
  readonly baseDirectory: string;
  readonly statsIntervalMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Each time when what is known of the backend has changed. */
  onChange(record: BackendRecord, cameUp: boolean): Promise<void>;
  /** After a start, before the backend is up: what is in use gets its exports back. */
  exportAgain(driver: GuardedDriver, context: OperationContext): Promise<void>;
}

/** One backend of this process: started, kept up, watched, and stopped; whatever happens to it, others go on. */
export class BackendRunner {
  readonly #stop = new AbortController();
  #backend: Backend | undefined;
  #stats: BackendStats | undefined;
  #state: BackendRecord['state'] = 'starting';
  #reason: string | undefined;
  #starting: Promise<void> | undefined;
  #keeping: Promise<void> | undefined;

  constructor(private readonly parts: RunnerParts) {}

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
      capabilities: this.#backend?.plugin.capabilities ?? [],
      pools,
      updatedAt: new Date(clock.now()).toISOString(),
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      ...(vendorName === undefined ? {} : { vendorName }),
      ...(storageProtocol === undefined ? {} : { storageProtocol }),
    };
  }

  /** One attempt to start it, unless it is up; never rejects: see `record`. */
  async start(): Promise<void> {
    if (this.backend !== undefined) return;
    this.#starting ??= this.#attempt().finally(() => (this.#starting = undefined));
    await this.#starting;
  }

  /** Starts it, tries again after failures, and asks for its statistics, until `stop`. */
  keepUp(): void {
    this.#keeping ??= this.#keep();
  }

  /** Asks for the statistics now. */
  async refresh(): Promise<void> {
    const backend = this.#backend;
    if (backend === undefined) return;
    const { statsIntervalMs } = this.parts;
    try {
      this.#stats = await within(statsIntervalMs, 'asking for the statistics', (signal) =>
        backend.driver.stats(this.#context(signal)),
      );
      await this.#become('up', undefined);
    } catch (error) {
      await this.#become('down', `statistics: ${messageOf(error)}`);
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#keeping;
    await this.#starting;
    await this.#discard();
  }

  async #keep(): Promise<void> {
    for (let failures = 0; !this.#stop.signal.aborted;) {
      if (this.#backend === undefined) await this.start();
      else await this.refresh();
      failures = this.#backend === undefined ? failures + 1 : 0;
      const pause = failures === 0 ? this.parts.statsIntervalMs : (RETRY_MS[failures - 1] ?? LATER_MS);
      await this.parts.clock.sleep(pause, this.#stop.signal).catch(() => undefined);
    }
  }

  async #attempt(): Promise<void> {
    try {
      const plugin = await loadPlugin(this.#specifier());
      const { root, section, stateDirectory } = this.parts;
      const { name, options, optionsAreText } = section;
      this.#backend = await createBackend(root, plugin, { name, options, optionsAreText, stateDirectory });
      const backend = this.#backend;
      this.#stats = await within(START_MS, 'the start', async (signal) => {
        const stats = await backend.start(this.#context(signal));
        await this.parts.exportAgain(backend.driver, this.#context(signal));
        return stats;
      });
      await this.#become('up', undefined);
    } catch (error) {
      await this.#discard();
      await this.#become('down', messageOf(error));
    }
  }

  /** A path is one of the configuration's neighbours; a package is found by its name. */
  #specifier(): string {
    const { section, baseDirectory } = this.parts;
    return section.driver.startsWith('.')
      ? new URL(section.driver, `file://${baseDirectory}/`).href
      : section.driver;
  }

  async #discard(): Promise<void> {
    const backend = this.#backend;
    this.#backend = undefined;
    if (backend === undefined) return;
    try {
      await within(START_MS, 'the stop', (signal) => backend.stop(this.#context(signal)));
    } catch (error) {
      this.parts.logger.warn('a backend could not be stopped', {
        backend: this.name,
        reason: messageOf(error),
      });
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
