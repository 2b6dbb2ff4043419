import type {
  BackendStats,
  BlockDevice,
  ConnectionInfo,
  Connector,
  DeviceMode,
  DeviceTarget,
  Lock,
  LockName,
  ModelUpdate,
  OperationContext,
  OptionsOf,
  Snapshot,
  Volume,
} from '@scoria/core';
import {
  BACKEND_OPTIONS,
  BackendIdentity,
  defineOptions,
  DriverError,
  DriverOptions,
  LockManager,
  secret,
  Type,
  VolumeDriver,
} from '@scoria/core';
import { inject, injectable } from 'inversify';
import type { MemoryDeviceOptions } from '../fakes/memory-block-device.js';
import { MemoryBlockDevice } from '../fakes/memory-block-device.js';
import type { StoredVolume } from './memory-array.js';
import { building, MemoryArray } from './memory-array.js';
import { alreadyExists, lockProblem, snapshotNotFound, volumeBusy, volumeNotFound } from './memory-errors.js';

export const MEMORY_OPTIONS = defineOptions({
  ...BACKEND_OPTIONS,
  array_name: Type.String({ minLength: 1, description: 'The name of the array in memory.' }),
  array_password: secret(Type.String({ default: '', description: 'What a real array would ask for.' })),
});

/** The snapshot that a clone is made of; named after the clone, so that it is known whose it was. */
export const TEMPORARY = 'tmp-snap-';

/**
 * A whole driver in memory: the smallest one that keeps the contract, for tests of whatever runs drivers, and
 * for the proof that the suite lets a right driver pass.
 */
@injectable()
export class MemoryDriver extends VolumeDriver {
  protected readonly array: MemoryArray;
  readonly #lockDirectory: string;

  constructor(
    @inject(DriverOptions) protected readonly options: OptionsOf<typeof MEMORY_OPTIONS>,
    @inject(BackendIdentity) identity: BackendIdentity,
    @inject(LockManager) protected readonly locks: LockManager,
  ) {
    super();
    this.array = MemoryArray.named(options.array_name);
    this.#lockDirectory = identity.stateDirectory;
  }

  override async recover(): Promise<void> {
    for (const [name, volume] of this.array.volumes) {
      const temporary = [...volume.snapshots.keys()].filter((id) => id.startsWith(TEMPORARY));
      for (const id of temporary) {
        await this.#unlessAlive(`volume-${id.slice(TEMPORARY.length)}`, () => volume.snapshots.delete(id));
      }
      if (volume.state !== 'ready') {
        await this.#unlessAlive(name, () => this.array.volumes.delete(name));
      }
    }
  }

  override async stats(): Promise<BackendStats> {
    const { capacityBytes, usedBytes, provisionedBytes } = this.array;
    const pool = {
      name: this.options.array_name,
      totalBytes: capacityBytes,
      freeBytes: capacityBytes - usedBytes,
      provisionedBytes,
      reservedPercentage: this.options.reserved_percentage,
      maxOverSubscriptionRatio: this.options.max_over_subscription_ratio,
      thinProvisioning: true,
    };
    return Promise.resolve({ vendorName: 'Scoria', storageProtocol: 'memory', pools: [pool] });
  }

  override async createVolume(context: OperationContext, volume: Volume): Promise<ModelUpdate> {
    return this.locked(context, [volume], async () => {
      this.requireFree(volume);
      return this.make(context, volume, () => building(volume.sizeBytes));
    });
  }

  override async deleteVolume(context: OperationContext, volume: Volume): Promise<void> {
    await this.locked(context, [volume], async () => {
      const stored = this.array.volumes.get(nameOf(volume));
      if (stored === undefined) return;
      await this.requireClosed(volume);
      if (stored.snapshots.size > 0) throw volumeBusy(nameOf(volume), [...stored.snapshots.keys()]);
      await context.step('mark the volume as going');
      stored.state = 'deleting';
      await context.step('remove the volume');
      this.array.volumes.delete(nameOf(volume));
    });
  }

  override async extendVolume(
    context: OperationContext,
    volume: Volume,
    newSizeBytes: number,
  ): Promise<ModelUpdate> {
    return this.locked(context, [volume], async () => {
      const { bytes } = this.stored(volume);
      await context.step('grow the volume');
      bytes.grow(newSizeBytes);
      return { sizeBytes: bytes.sizeBytes };
    });
  }

  override async createSnapshot(context: OperationContext, snapshot: Snapshot): Promise<ModelUpdate> {
    return this.locked(context, [snapshot.volume], async () => {
      const { bytes, snapshots } = this.stored(snapshot.volume);
      if (snapshots.has(snapshot.id)) throw alreadyExists(`snapshot ${snapshot.id}`);
      await context.step('keep the moment');
      snapshots.set(snapshot.id, bytes.copy());
      return {};
    });
  }

  override async deleteSnapshot(context: OperationContext, snapshot: Snapshot): Promise<void> {
    await this.locked(context, [snapshot.volume], async () => {
      const stored = this.array.volumes.get(nameOf(snapshot.volume));
      if (stored?.snapshots.has(snapshot.id) !== true) return;
      await context.step('drop the snapshot');
      stored.snapshots.delete(snapshot.id);
    });
  }

  override async createVolumeFromSnapshot(
    context: OperationContext,
    volume: Volume,
    snapshot: Snapshot,
  ): Promise<ModelUpdate> {
    return this.locked(context, [volume, snapshot.volume], async () => {
      this.requireFree(volume);
      const source = this.snapshotBytes(snapshot);
      return this.make(context, volume, () => building(source.copy(volume.sizeBytes)));
    });
  }

  override async initializeConnection(
    context: OperationContext,
    volume: Volume,
    connector: Connector,
  ): Promise<ConnectionInfo> {
    if (connector.initiator === undefined) {
      throw new DriverError({
        code: 'invalid-connector',
        message: `host ${connector.host} has no initiator name; install an initiator on it`,
      });
    }
    return this.locked(context, [volume], async () => {
      const { hosts } = this.stored(volume);
      await context.step('let the host in');
      hosts.add(connector.host);
      const data = { array: this.options.array_name, volume: nameOf(volume) };
      return { driver_volume_type: 'memory', data };
    });
  }

  override async terminateConnection(
    context: OperationContext,
    volume: Volume,
    connector: Connector | undefined,
  ): Promise<void> {
    await this.locked(context, [volume], async () => {
      const hosts = this.array.volumes.get(nameOf(volume))?.hosts;
      if (hosts === undefined || hosts.size === 0) return;
      await context.step('let the host in no more');
      if (connector === undefined) hosts.clear();
      else hosts.delete(connector.host);
    });
  }

  override async openDevice(
    context: OperationContext,
    target: DeviceTarget,
    mode: DeviceMode,
  ): Promise<BlockDevice> {
    const volume = target.kind === 'volume' ? target.volume : target.snapshot.volume;
    return this.locked(context, [volume], async () => {
      const stored = this.stored(volume);
      const bytes = target.kind === 'volume' ? stored.bytes : this.snapshotBytes(target.snapshot);
      return this.opened(volume, bytes, { mode, ...this.deviceOptions(stored) });
    });
  }

  /** A device that holds its volume until it is closed. */
  protected async opened(
    volume: Volume,
    bytes: StoredVolume['bytes'],
    options: MemoryDeviceOptions,
  ): Promise<MemoryBlockDevice> {
    const lock = await this.locks.acquire([{ ...this.#openLock(volume), mode: 'shared' }]);
    return new MemoryBlockDevice(bytes, { ...options, onClose: () => lock.release() });
  }

  /** What devices can do beyond reading and writing. */
  protected deviceOptions(
    _stored: StoredVolume,
  ): Partial<ConstructorParameters<typeof MemoryBlockDevice>[1]> {
    return {};
  }

  /** Makes a volume in two steps, with nothing left if the second fails. */
  protected async make(
    context: OperationContext,
    volume: Volume,
    build: () => StoredVolume,
  ): Promise<ModelUpdate> {
    await context.step('make the volume');
    const stored = build();
    stored.typeName = volume.type?.name;
    this.array.volumes.set(nameOf(volume), stored);
    try {
      await context.step('show the volume');
    } catch (error) {
      this.array.volumes.delete(nameOf(volume));
      throw error;
    }
    stored.state = 'ready';
    return { providerLocation: this.options.array_name };
  }

  protected async locked<T>(
    { signal }: OperationContext,
    volumes: readonly Volume[],
    work: () => Promise<T>,
  ): Promise<T> {
    const lock = await this.locks
      .acquire(
        volumes.map((volume) => this.#lock(nameOf(volume))),
        { signal },
      )
      .catch((error: unknown) => {
        throw lockProblem(error);
      });
    try {
      return await work();
    } finally {
      await lock.release();
    }
  }

  protected stored(volume: Volume): StoredVolume {
    const stored = this.array.volumes.get(nameOf(volume));
    if (stored?.state !== 'ready') throw volumeNotFound(nameOf(volume));
    return stored;
  }

  protected snapshotBytes(snapshot: Snapshot): StoredVolume['bytes'] {
    const bytes = this.stored(snapshot.volume).snapshots.get(snapshot.id);
    if (bytes === undefined) throw snapshotNotFound(snapshot.id);
    return bytes;
  }

  protected requireFree(volume: Volume): void {
    if (this.array.volumes.has(nameOf(volume))) throw alreadyExists(nameOf(volume));
  }

  protected async requireClosed(volume: Volume): Promise<void> {
    const lock = await this.locks.acquire([this.#openLock(volume)], { timeoutMs: 0 }).catch(() => undefined);
    if (lock === undefined) throw volumeBusy(nameOf(volume), ['an open device']);
    await lock.release();
  }

  #lock(name: string): LockName {
    return { directory: this.#lockDirectory, name };
  }

  #openLock(volume: Volume): LockName {
    return this.#lock(`${nameOf(volume)}.open`);
  }

  /** Whoever works on a volume holds its lock; where the lock is free, nobody lives who could go on. */
  async #unlessAlive(name: string, repair: () => void): Promise<void> {
    const lock = await this.locks
      .acquire([this.#lock(name)], { timeoutMs: 0 })
      .catch((): Lock | undefined => undefined);
    if (lock === undefined) return;
    repair();
    await lock.release();
  }
}

/** The name of a volume on the array. */
export function nameOf({ id }: Volume): string {
  return `volume-${id}`;
}
