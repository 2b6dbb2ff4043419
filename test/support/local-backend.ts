import type { Backend, ContextOptions, OperationContext, Snapshot, Volume } from '@scoria/core';
import { applyUpdate, createBackend, createContext, Logger } from '@scoria/core';
import localPlugin from '@scoria/driver-local';
import { hostModule } from '@scoria/host';
import { makeSnapshot, makeVolume, openAndRead, openAndWrite } from '@scoria/testkit';
import { Container } from 'inversify';
import { randomUUID } from 'node:crypto';

export interface LocalBackendOptions {
  /** The backend's options besides `local_volumes_path`. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Called before each step of an operation: where a test kills or looks. */
  readonly onStep?: ContextOptions['onStep'];
  readonly signal?: AbortSignal;
}

/**
 * The local driver on a directory of this machine, with real locks and the real qemu-img, and the records that a
 * manager would keep: each method returns the object as it is afterwards.
 */
export class LocalBackend implements AsyncDisposable {
  private constructor(
    readonly backend: Backend,
    readonly directory: string,
    private readonly settings: LocalBackendOptions,
    private readonly logger: Logger,
  ) {}

  static async start(directory: string, settings: LocalBackendOptions = {}): Promise<LocalBackend> {
    const root = new Container();
    root.load(hostModule({ log: { level: 'error' } }));
    const backend = await createBackend(root, localPlugin, {
      name: 'local',
      options: { local_volumes_path: directory, ...settings.options },
      stateDirectory: `${directory}.state`,
    });
    const local = new LocalBackend(backend, directory, settings, root.get<Logger>(Logger));
    await backend.start(local.context());
    return local;
  }

  get driver(): Backend['driver'] {
    return this.backend.driver;
  }

  context(): OperationContext {
    const { onStep, signal } = this.settings;
    return createContext({
      requestId: `req-${randomUUID()}`,
      logger: this.logger,
      ...(onStep === undefined ? {} : { onStep }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async createVolume(sizeBytes: number, id: string = randomUUID()): Promise<Volume> {
    const volume = makeVolume({ id, sizeBytes });
    return available(applyUpdate(volume, await this.driver.createVolume(this.context(), volume)));
  }

  async createFromSnapshot(snapshot: Snapshot, sizeBytes = snapshot.sizeBytes): Promise<Volume> {
    const volume = makeVolume({ sizeBytes });
    const update = await this.driver.createVolumeFromSnapshot(this.context(), volume, snapshot);
    return available(applyUpdate(volume, update));
  }

  async clone(source: Volume, sizeBytes = source.sizeBytes, id: string = randomUUID()): Promise<Volume> {
    const volume = makeVolume({ id, sizeBytes });
    return available(
      applyUpdate(volume, await this.driver.createClonedVolume(this.context(), volume, source)),
    );
  }

  async extend(volume: Volume, sizeBytes: number): Promise<Volume> {
    return applyUpdate(volume, await this.driver.extendVolume(this.context(), volume, sizeBytes));
  }

  async snapshot(volume: Volume, id: string = randomUUID()): Promise<Snapshot> {
    const snapshot = makeSnapshot(volume, { id });
    return applyUpdate(snapshot, await this.driver.createSnapshot(this.context(), snapshot));
  }

  async revert(volume: Volume, snapshot: Snapshot): Promise<Volume> {
    return applyUpdate(volume, await this.driver.revertToSnapshot(this.context(), volume, snapshot));
  }

  async deleteSnapshot(snapshot: Snapshot): Promise<void> {
    await this.driver.deleteSnapshot(this.context(), snapshot);
  }

  async deleteVolume(volume: Volume): Promise<void> {
    await this.driver.deleteVolume(this.context(), volume);
  }

  /** The raw view of all of it. */
  async read(object: Volume | Snapshot): Promise<Buffer> {
    return openAndRead(this.driver, this.context(), object);
  }

  async write(volume: Volume, offset: number, data: Uint8Array): Promise<void> {
    await openAndWrite(this.driver, this.context(), volume, offset, data);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.backend.stop(this.context());
  }
}

function available(volume: Volume): Volume {
  return { ...volume, status: 'available' };
}
