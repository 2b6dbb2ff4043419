import type { Container } from '@scoria/core';
import { messageOf } from '@scoria/core';
import type { BackendRecord, VolumeRecord } from '@scoria/store';
import { inject, injectable } from 'inversify';
import path from 'node:path';
import PQueue from 'p-queue';
import type { BackendSection } from '../configuration.js';
import { Configuration } from '../configuration.js';
import { baseDirectoryOf } from '../configuration/section-options.js';
import { driverVolumeOf } from '../driver-objects.js';
import { ManagerError } from '../errors.js';
import { Ports } from '../ports.js';
import type { OperationBackend } from '../engine/operation-handler.js';
import type { BackendAccess } from '../views/backend-access.js';
import { everyVolume } from '../views/every-page.js';
import { recordConnections } from '../recorded-connections.js';
import type { ExportAgain } from './backend-runner.js';
import { BackendRunner } from './backend-runner.js';
import { RootContainer } from './root-container.js';

/** The backends of this process: all kept up by a manager, each started when it is needed by a single command. */
@injectable()
export class Backends implements BackendAccess {
  readonly #runners: ReadonlyMap<string, BackendRunner>;
  readonly #whenUp = new Set<() => void>();
  #kept = false;

  constructor(
    @inject(Configuration) private readonly configuration: Configuration,
    @inject(RootContainer) private readonly root: Container,
    @inject(Ports) private readonly ports: Ports,
  ) {
    const sections = configuration.backends.filter(({ name }) =>
      configuration.enabledBackends.includes(name),
    );
    this.#runners = new Map(sections.map((section) => [section.name, this.#runner(section)]));
  }

  /** Starts them all and keeps them up; resolves when each has come up or failed once. */
  async keepUp(): Promise<void> {
    this.#kept = true;
    await Promise.all(
      [...this.#runners.values()].map(async (runner) => {
        await runner.start();
        runner.keepUp();
      }),
    );
  }

  /** Calls `listener` each time a backend has come up. */
  onUp(listener: () => void): void {
    this.#whenUp.add(listener);
  }

  async open(name: string): Promise<OperationBackend> {
    const runner = this.#find(name);
    if (!this.#kept || runner.record.state === 'starting') await runner.start();
    const { backend, record } = runner;
    if (backend !== undefined)
      return { name, driver: backend.driver, capabilities: backend.plugin.capabilities };
    throw new ManagerError({
      code: 'backend-down',
      message: `backend ${name} is down: ${record.reason ?? 'it has not been started'}; see scoria backend check ${name}`,
      details: { backend: name },
    });
  }

  async known(needed?: string): Promise<BackendRecord[]> {
    const runners = [...this.#runners.values()];
    const toStart = runners.filter(({ name }) => needed === undefined || name === needed);
    if (!this.#kept) await Promise.all(toStart.map((runner) => runner.start()));
    return runners.map(({ record }) => record);
  }

  /** Asks the backend afresh. */
  async check(name: string): Promise<BackendRecord> {
    const runner = this.#find(name);
    const isUp = runner.backend !== undefined;
    await (isUp ? runner.refresh() : runner.start());
    return runner.record;
  }

  /** What is known without starting anything. */
  get present(): readonly BackendRecord[] {
    return [...this.#runners.values()].map(({ record }) => record);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#runners.values()].map((runner) => runner.stop()));
  }

  #find(name: string): BackendRunner {
    const runner = this.#runners.get(name);
    if (runner !== undefined) return runner;
    const known = [...this.#runners.keys()].join(', ') || 'none';
    throw new ManagerError({
      code: 'not-found',
      message: `there is no backend ${JSON.stringify(name)} among the enabled ones (${known}); see enabled_backends`,
      details: { backend: name },
    });
  }

  #runner(section: BackendSection): BackendRunner {
    const { statePath, statsIntervalMs } = this.configuration;
    return new BackendRunner({
      root: this.root,
      section,
      stateDirectory: path.join(statePath, 'backends'),
      baseDirectory: baseDirectoryOf(this.configuration),
      statsIntervalMs,
      clock: this.ports.clock,
      logger: this.ports.logger,
      onChange: (record, cameUp) => this.#changed(record, cameUp),
      exportAgain: (driver, stopping) => this.#exportAgain(section.name, driver, stopping),
    });
  }

  async #changed(record: BackendRecord, cameUp: boolean): Promise<void> {
    const { name, state, reason } = record;
    this.ports.events.emit({ type: 'backend-state', backend: name, state, reason });
    if (cameUp) for (const listener of this.#whenUp) listener();
    if (!this.#kept) return;
    try {
      await this.ports.store.putBackend(record);
    } catch (error) {
      this.ports.logger.warn('the state of a backend could not be recorded', {
        backend: name,
        reason: messageOf(error),
      });
    }
  }

  /**
   * One that cannot be had back is in error; the others are not its affair. How guests reach their volumes may have
   * changed when a process died in a snapshot, or by what the driver has finished since: so that is asked for too.
   */
  async #exportAgain(backend: string, driver: ExportAgain, stopping: AbortSignal): Promise<void> {
    // A single command leaves the exports to the manager of this host.
    if (!this.#kept) return;
    const volumes = await everyVolume(this.ports.store, { backend, status: 'in-use' });
    const queue = new PQueue({ concurrency: this.configuration.backendConcurrency });
    const exported = async (volume: VolumeRecord): Promise<void> => {
      try {
        if (stopping.aborted) return;
        await driver.ensureExport(await driverVolumeOf(this.ports.store, volume));
        await this.#recordConnections(volume, driver, stopping);
      } catch (error) {
        if (!stopping.aborted) await this.#withoutExport(volume, error);
      }
    };
    // None goes on after the others, on a driver that has been ended.
    const ends = await Promise.allSettled(volumes.map((volume) => queue.add(() => exported(volume))));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  async #recordConnections({ id }: VolumeRecord, driver: ExportAgain, stopping: AbortSignal): Promise<void> {
    const { store, logger } = this.ports;
    await recordConnections(store, id, { ...driver, logger, stopping });
  }

  async #withoutExport({ id, backend }: VolumeRecord, error: unknown): Promise<void> {
    const statusReason = `its export could not be put back: ${messageOf(error)}`;
    this.ports.logger.error('the export of a volume could not be put back', {
      volume: id,
      backend,
      reason: messageOf(error),
    });
    await this.ports.store.changeVolume(id, ['in-use'], { status: 'error', statusReason });
  }
}
