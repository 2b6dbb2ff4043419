import type { Backend, ContextOptions, OperationContext, Snapshot, Volume } from '@scoria/core';
import { applyUpdate, createBackend, createContext } from '@scoria/core';
import rbdPlugin from '@scoria/driver-rbd';
import { hostModule } from '@scoria/host';
import { makeSnapshot, makeVolume, MemoryLogger, openAndRead, openAndWrite } from '@scoria/testkit';
import { Container } from 'inversify';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface RbdBackendOptions {
  /** The cluster's configuration file. */
  readonly confFile: string;
  /** `rbd` unless told. */
  readonly pool?: string;
  /** The backend's options besides. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Where this host keeps what is its own, locks among it; a directory that goes with the backend unless told. */
  readonly stateDirectory?: string;
  /** Called before each step of an operation. */
  readonly onStep?: ContextOptions['onStep'];
}

/**
 * The RBD driver on a cluster, and the records that a manager would keep: each method returns the object as it is
 * afterwards.
 */
export class RbdBackend implements AsyncDisposable {
  private constructor(
    readonly backend: Backend,
    readonly logger: MemoryLogger,
    private readonly onStep: ContextOptions['onStep'],
    private readonly ownDirectory: string | undefined,
  ) {}

  /** Not started. */
  static async create(settings: RbdBackendOptions): Promise<RbdBackend> {
    const { confFile, pool = 'rbd', stateDirectory } = settings;
    const own = stateDirectory === undefined ? await mkdtemp(path.join(tmpdir(), 'scoria-rbd-')) : undefined;
    const root = new Container();
    root.load(hostModule({ log: { level: 'error' } }));
    const backend = await createBackend(root, rbdPlugin, {
      name: 'rbd',
      options: { rbd_ceph_conf: confFile, rbd_pool: pool, ...settings.options },
      stateDirectory: stateDirectory ?? own ?? '',
    });
    return new RbdBackend(backend, new MemoryLogger(), settings.onStep, own);
  }

  static async start(settings: RbdBackendOptions): Promise<RbdBackend> {
    const backend = await RbdBackend.create(settings);
    await backend.start();
    return backend;
  }

  async start(): Promise<void> {
    await this.backend.start(this.context());
  }

  get driver(): Backend['driver'] {
    return this.backend.driver;
  }

  context(signal?: AbortSignal): OperationContext {
    return createContext({
      requestId: `req-${randomUUID()}`,
      logger: this.logger,
      ...(this.onStep === undefined ? {} : { onStep: this.onStep }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async createVolume(sizeBytes: number, id: string = randomUUID()): Promise<Volume> {
    const volume = makeVolume({ id, sizeBytes });
    return available(volume, await this.driver.createVolume(this.context(), volume));
  }

  async clone(source: Volume, sizeBytes = source.sizeBytes): Promise<Volume> {
    const volume = makeVolume({ sizeBytes });
    return available(volume, await this.driver.createClonedVolume(this.context(), volume, source));
  }

  async volumeOf(snapshot: Snapshot, sizeBytes = snapshot.sizeBytes): Promise<Volume> {
    const volume = makeVolume({ sizeBytes });
    return available(volume, await this.driver.createVolumeFromSnapshot(this.context(), volume, snapshot));
  }

  async extend(volume: Volume, sizeBytes: number): Promise<Volume> {
    const update = await this.driver.extendVolume(this.context(), volume, sizeBytes);
    return applyUpdate({ ...volume, sizeBytes }, update);
  }

  async snapshot(volume: Volume, id: string = randomUUID()): Promise<Snapshot> {
    const snapshot = makeSnapshot(volume, { id });
    return applyUpdate(snapshot, await this.driver.createSnapshot(this.context(), snapshot));
  }

  async deleteSnapshot(snapshot: Snapshot): Promise<void> {
    await this.driver.deleteSnapshot(this.context(), snapshot);
  }

  async deleteVolume(volume: Volume): Promise<void> {
    await this.driver.deleteVolume(this.context(), volume);
  }

  async connect(volume: Volume): Promise<Record<string, unknown>> {
    return { ...(await this.driver.initializeConnection(this.context(), volume, { host: 'guest' })) };
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
    if (this.ownDirectory !== undefined) await rm(this.ownDirectory, { recursive: true, force: true });
  }
}

function available(volume: Volume, update: Parameters<typeof applyUpdate<Volume>>[1]): Volume {
  return { ...applyUpdate(volume, update), status: 'available' };
}
