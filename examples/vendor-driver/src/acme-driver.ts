import type {
  BackendStats,
  BlockDevice,
  CloneVolume,
  ConnectionInfo,
  Connector,
  DeviceMode,
  DeviceTarget,
  Lock,
  ModelUpdate,
  OperationContext,
  RevertToSnapshot,
  Snapshot,
  Volume,
} from '@scoria/core';
import {
  BackendIdentity,
  DriverError,
  DriverOptions,
  inject,
  injectable,
  isDriverError,
  LockManager,
  messageOf,
  VolumeDriver,
} from '@scoria/core';
import { AcmeClient } from './acme-client.js';
import { AcmeDevice } from './acme-device.js';
import type { AcmeOptions } from './options.js';

/** How long to wait for an open device to be closed. */
const PATIENCE_MS = 1000;

/** Volumes on an Acme array. The array does each change at once or not at all, so `recover` has nothing to do. */
@injectable()
export class AcmeDriver extends VolumeDriver implements CloneVolume, RevertToSnapshot {
  constructor(
    @inject(AcmeClient) private readonly client: AcmeClient,
    @inject(DriverOptions) private readonly options: AcmeOptions,
    @inject(BackendIdentity) private readonly identity: BackendIdentity,
    @inject(LockManager) private readonly locks: LockManager,
  ) {
    super();
  }

  /** Logs in, and finds the pool: a wrong address, password or pool is told at the start. */
  override async checkForSetupError(context: OperationContext): Promise<void> {
    await this.stats(context);
  }

  async stats({ signal }: OperationContext): Promise<BackendStats> {
    const { acme_pool: name, reserved_percentage, max_over_subscription_ratio } = this.options;
    const path = `/pools/${encodeURIComponent(name)}`;
    const pool = await this.client.json<Record<'totalBytes' | 'usedBytes' | 'provisionedBytes', number>>(
      signal,
      'GET',
      path,
    );
    return {
      vendorName: 'Acme',
      storageProtocol: 'iscsi',
      pools: [
        {
          name,
          totalBytes: pool.totalBytes,
          freeBytes: pool.totalBytes - pool.usedBytes,
          provisionedBytes: pool.provisionedBytes,
          reservedPercentage: reserved_percentage,
          maxOverSubscriptionRatio: max_over_subscription_ratio,
          thinProvisioning: true,
        },
      ],
    };
  }

  async createVolume(context: OperationContext, volume: Volume): Promise<ModelUpdate> {
    return this.#create(context, volume, {});
  }

  async createVolumeFromSnapshot(
    context: OperationContext,
    volume: Volume,
    snapshot: Snapshot,
  ): Promise<ModelUpdate> {
    return this.#create(context, volume, { source: { snapshot: snapshotName(snapshot) } });
  }

  async createClonedVolume(context: OperationContext, volume: Volume, source: Volume): Promise<ModelUpdate> {
    return this.#create(context, volume, { source: { volume: volumeName(source) } });
  }

  async deleteVolume(context: OperationContext, volume: Volume): Promise<void> {
    await using _unopened = await this.#lock(context, volumeName(volume), 'exclusive');
    await this.#remove(context, 'delete the volume', volumePath(volume));
  }

  async extendVolume(context: OperationContext, volume: Volume, newSizeBytes: number): Promise<ModelUpdate> {
    await context.step('resize the volume');
    const json = { sizeBytes: newSizeBytes };
    await this.client.bytes(context.signal, 'PUT', `${volumePath(volume)}/size`, { json });
    return {};
  }

  async createSnapshot(context: OperationContext, snapshot: Snapshot): Promise<ModelUpdate> {
    const path = `${volumePath(snapshot.volume)}/snapshots`;
    return this.#make(context, path, snapshotPath(snapshot), { name: snapshotName(snapshot) });
  }

  async deleteSnapshot(context: OperationContext, snapshot: Snapshot): Promise<void> {
    await using _unopened = await this.#lock(context, snapshotName(snapshot), 'exclusive');
    await this.#remove(context, 'delete the snapshot', snapshotPath(snapshot));
  }

  async revertToSnapshot(
    context: OperationContext,
    volume: Volume,
    snapshot: Snapshot,
  ): Promise<ModelUpdate> {
    await using _unopened = await this.#lock(context, volumeName(volume), 'exclusive');
    await context.step('restore the snapshot');
    const json = { snapshot: snapshotName(snapshot) };
    await this.client.bytes(context.signal, 'POST', `${volumePath(volume)}/restore`, { json });
    return {};
  }

  async initializeConnection(
    context: OperationContext,
    volume: Volume,
    { host, initiator }: Connector,
  ): Promise<ConnectionInfo> {
    if (!initiator) {
      throw new DriverError({
        code: 'invalid-connector',
        message: `host ${host} has no iSCSI initiator name; install open-iscsi on it`,
      });
    }
    await context.step('export the volume');
    const path = `${volumePath(volume)}/exports/${encodeURIComponent(initiator)}`;
    const target = await this.client.json<{ portal: string; iqn: string; unit: number }>(
      context.signal,
      'PUT',
      path,
    );
    const data = { target_portal: target.portal, target_iqn: target.iqn, target_lun: target.unit };
    return { driver_volume_type: 'iscsi', data: { ...data, target_discovered: false, discard: true } };
  }

  async terminateConnection(
    context: OperationContext,
    volume: Volume,
    connector: Connector | undefined,
  ): Promise<void> {
    const all = `${volumePath(volume)}/exports`;
    const one = `${all}/${encodeURIComponent(connector?.initiator ?? 'none')}`;
    await this.#remove(context, 'end the export', connector === undefined ? all : one);
  }

  async openDevice(context: OperationContext, target: DeviceTarget, mode: DeviceMode): Promise<BlockDevice> {
    const { signal } = context;
    const [name, path] =
      target.kind === 'volume'
        ? [volumeName(target.volume), volumePath(target.volume)]
        : [snapshotName(target.snapshot), snapshotPath(target.snapshot)];
    const lock = await this.#lock(context, name, 'shared');
    try {
      const { sizeBytes } = await this.client.json<{ sizeBytes: number }>(signal, 'GET', path);
      return new AcmeDevice(this.client, { path, sizeBytes, mode, lock, signal });
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  async #create(context: OperationContext, volume: Volume, source: object): Promise<ModelUpdate> {
    const { sizeBytes } = volume;
    return this.#make(context, '/volumes', volumePath(volume), {
      name: volumeName(volume),
      sizeBytes,
      ...source,
    });
  }

  /**
   * Makes a volume or snapshot, by one request to `path`. When the answer was lost, the array may have made it all
   * the same: it is removed again, by a tag of this very request, so that nobody else's object of that name goes.
   * @param made where it is then
   */
  async #make(
    context: OperationContext,
    path: string,
    made: string,
    wanted: Readonly<Record<string, unknown>>,
  ): Promise<ModelUpdate> {
    const tag = context.requestId;
    await context.step(`make ${made}`);
    try {
      await this.client.bytes(context.signal, 'POST', path, { json: { ...wanted, tag } });
    } catch (error) {
      if (isDriverError(error, 'timeout', 'cancelled', 'unavailable')) await this.#undo(context, made, tag);
      throw error;
    }
    return {};
  }

  /** Goes on after the operation was cancelled, because that is when it is needed. */
  async #undo({ logger }: OperationContext, made: string, tag: string): Promise<void> {
    const uncancelled = new AbortController().signal;
    await this.client.bytes(uncancelled, 'DELETE', made, { query: { tag } }).catch((error: unknown) => {
      if (isDriverError(error, 'volume-not-found', 'snapshot-not-found')) return;
      logger.warn('an unanswered request may have left this on the array', { made, error: messageOf(error) });
    });
  }

  /** Deletes what is at `path`; that it is gone already is a success. */
  async #remove(context: OperationContext, step: string, path: string): Promise<void> {
    await context.step(step);
    await this.client.bytes(context.signal, 'DELETE', path).catch((error: unknown) => {
      if (!isDriverError(error, 'volume-not-found', 'snapshot-not-found')) throw error;
    });
  }

  /** An open device holds its object shared; what would pull the data from under it is refused as busy meanwhile. */
  async #lock({ signal }: OperationContext, name: string, mode: 'exclusive' | 'shared'): Promise<Lock> {
    const wanted = [{ directory: this.identity.stateDirectory, name, mode }];
    return this.locks.acquire(wanted, { signal, timeoutMs: PATIENCE_MS });
  }
}

// Objects on the array are named by their ids, which are UUIDs: no name needs escaping, and none can be taken.
const volumeName = ({ id }: Volume): string => `volume-${id}`;
const snapshotName = ({ id }: Snapshot): string => `snapshot-${id}`;
const volumePath = (volume: Volume): string => `/volumes/${volumeName(volume)}`;
const snapshotPath = (snapshot: Snapshot): string => `/snapshots/${snapshotName(snapshot)}`;
