import { DriverError, inject, injectable, VolumeDriver } from '@scoria/core';
import type {
  AdoptableVolume,
  AdoptVolumes,
  BackendStats,
  BackupPoint,
  BackUpVolumes,
  BlockDevice,
  CloneImage,
  CloneVolume,
  ConnectionInfo,
  Connector,
  DeviceMode,
  DeviceTarget,
  ImageSource,
  InspectVolumes,
  ManageableEntry,
  ManageableSnapshot,
  ManageReference,
  ManageSnapshots,
  ManageVolumes,
  ModelUpdate,
  OperationContext,
  PlanOperations,
  PlanRequest,
  RetypeVolume,
  RevertToSnapshot,
  Snapshot,
  Volume,
  VolumeLayer,
  VolumeType,
} from '@scoria/core';
import { forgetBackup } from './backup/forget-backup.js';
import { openBackup } from './backup/open-backup.js';
import { Chores } from './background/chores.js';
import { openDevice } from './device/open-device.js';
import { cloneVolume, volumeFromSnapshot } from './driver/clone-volume.js';
import { dropSnapshot } from './driver/delete-snapshot.js';
import { deleteVolume } from './driver/delete-volume.js';
import { extendVolume } from './driver/extend-volume.js';
import { planOperation } from './driver/plan-operation.js';
import { ConnectionInfos } from './driver/connection-info.js';
import { PoolStatistics } from './driver/pool-stats.js';
import { RbdTools } from './driver/rbd-tools.js';
import { readLayers } from './driver/read-layers.js';
import { revertVolume, takeSnapshot } from './driver/snapshots.js';
import { runOrUndo } from './execute/plan-executor.js';
import { cloneImage } from './images/clone-image.js';
import { Takeover } from './manage/takeover.js';
import { volumeImage } from './names.js';
import { optionProblem } from './options.js';
import { planCreateVolume } from './plan/create-plans.js';
import { wishesOf } from './types/image-wishes.js';
import { retypeVolume } from './types/retype-volume.js';

/**
 * Volumes as images in a Ceph pool, named as OpenStack Cinder names them. Every operation looks at what is in the pool,
 * works out what to do, and does it step by step; what takes several calls is in the journal, in the pool too, until it
 * is done, so that a process may be killed at any point. Several processes and hosts may work on one pool.
 */
@injectable()
export class RbdDriver
  extends VolumeDriver
  implements
    CloneVolume,
    RevertToSnapshot,
    ManageVolumes,
    ManageSnapshots,
    AdoptVolumes,
    InspectVolumes,
    PlanOperations,
    RetypeVolume,
    CloneImage,
    BackUpVolumes
{
  constructor(
    @inject(RbdTools) private readonly tools: RbdTools,
    @inject(Chores) private readonly chores: Chores,
    @inject(ConnectionInfos) private readonly connections: ConnectionInfos,
    @inject(PoolStatistics) private readonly statistics: PoolStatistics,
    @inject(Takeover) private readonly takeover: Takeover,
  ) {
    super();
  }

  override async setup(context: OperationContext): Promise<void> {
    const problem = optionProblem(this.tools.options);
    if (problem !== undefined) throw new DriverError({ code: 'invalid-input', message: problem });
    await this.tools.connection.start(context);
  }

  override async recover(context: OperationContext): Promise<void> {
    await this.chores.recovery.start(context);
    this.chores.begin();
  }

  override async stats(): Promise<BackendStats> {
    return this.statistics.read();
  }

  override async createVolume(context: OperationContext, volume: Volume): Promise<ModelUpdate> {
    const { order, helpers, connection } = this.tools;
    const made = { image: volumeImage(volume.id), sizeBytes: volume.sizeBytes, order };
    const plan = planCreateVolume(made, wishesOf(volume.type));
    await connection.use(`create volume ${volume.id}`, ({ pool }) => runOrUndo(context, pool, plan, helpers));
    return {};
  }

  override async createVolumeFromSnapshot(
    context: OperationContext,
    volume: Volume,
    snapshot: Snapshot,
  ): Promise<ModelUpdate> {
    return volumeFromSnapshot(context, this.tools, volume, snapshot);
  }

  async createClonedVolume(context: OperationContext, volume: Volume, source: Volume): Promise<ModelUpdate> {
    return cloneVolume(context, this.tools, volume, source);
  }

  override async deleteVolume(context: OperationContext, volume: Volume): Promise<void> {
    await deleteVolume(context, this.tools, volume);
  }

  override async extendVolume(
    context: OperationContext,
    volume: Volume,
    newSizeBytes: number,
  ): Promise<ModelUpdate> {
    await extendVolume(context, this.tools, volume, newSizeBytes);
    this.statistics.provisioned.forget(volumeImage(volume.id));
    return { sizeBytes: newSizeBytes };
  }

  override async createSnapshot(context: OperationContext, snapshot: Snapshot): Promise<ModelUpdate> {
    await takeSnapshot(context, this.tools, snapshot);
    return {};
  }

  override async deleteSnapshot(context: OperationContext, snapshot: Snapshot): Promise<void> {
    await dropSnapshot(context, this.tools, snapshot);
  }

  async revertToSnapshot(
    context: OperationContext,
    volume: Volume,
    snapshot: Snapshot,
  ): Promise<ModelUpdate> {
    await revertVolume(context, this.tools, volume, snapshot);
    return {};
  }

  override async initializeConnection(
    _context: OperationContext,
    volume: Volume,
    connector: Connector,
  ): Promise<ConnectionInfo> {
    return this.connections.of(volume, connector);
  }

  override async terminateConnection(): Promise<void> {
    // Hosts open images by themselves: there is nothing to take back.
  }

  override async openDevice(
    context: OperationContext,
    target: DeviceTarget,
    mode: DeviceMode,
  ): Promise<BlockDevice> {
    return openDevice(context, this.tools, target, mode);
  }

  listManageable(context: OperationContext, known: readonly Volume[]): AsyncIterable<ManageableEntry> {
    return this.takeover.images.list(context, known);
  }

  async manageExistingSize(_context: OperationContext, reference: ManageReference): Promise<number> {
    return this.takeover.images.size(reference);
  }

  async manageExisting(
    context: OperationContext,
    volume: Volume,
    reference: ManageReference,
  ): Promise<ModelUpdate> {
    return this.takeover.images.manage(context, volume, reference);
  }

  async unmanage(): Promise<void> {
    // The image stays as it is; whoever keeps the records forgets it.
  }

  listManageableSnapshots(
    context: OperationContext,
    volumes: readonly Volume[],
    known: readonly Snapshot[],
  ): AsyncIterable<ManageableSnapshot> {
    return this.takeover.snapshots.list(context, { volumes, known });
  }

  async manageExistingSnapshotSize(
    _context: OperationContext,
    volume: Volume,
    reference: ManageReference,
  ): Promise<number> {
    return this.takeover.snapshots.size(volume, reference);
  }

  async manageExistingSnapshot(
    context: OperationContext,
    snapshot: Snapshot,
    reference: ManageReference,
  ): Promise<ModelUpdate> {
    return this.takeover.snapshots.manage(context, snapshot, reference);
  }

  async unmanageSnapshot(): Promise<void> {
    // It stays as it is, protected too: another program may depend on it.
  }

  findAdoptable(context: OperationContext): AsyncIterable<AdoptableVolume> {
    return this.takeover.volumes.find(context);
  }

  async adopt(_context: OperationContext, found: AdoptableVolume): Promise<ModelUpdate> {
    return this.takeover.volumes.adopt(found);
  }

  async chainOf(_context: OperationContext, volume: Volume): Promise<readonly VolumeLayer[]> {
    return readLayers(this.tools, volume);
  }

  async planOf(_context: OperationContext, request: PlanRequest): Promise<readonly string[]> {
    return planOperation(this.tools, request);
  }

  async retypeVolume(
    context: OperationContext,
    volume: Volume,
    to: VolumeType | undefined,
  ): Promise<ModelUpdate> {
    await retypeVolume(context, this.tools, volume, to);
    return {};
  }

  async cloneImage(
    context: OperationContext,
    volume: Volume,
    image: ImageSource,
  ): Promise<ModelUpdate | undefined> {
    return cloneImage(context, this.tools, volume, image);
  }

  async openBackup(context: OperationContext, volume: Volume, backup: BackupPoint): Promise<BlockDevice> {
    return openBackup(context, this.tools, volume, backup);
  }

  async forgetBackup(context: OperationContext, volume: Volume, backupId: string): Promise<void> {
    await forgetBackup(context, this.tools, volume, backupId);
  }

  override async teardown(): Promise<void> {
    await this.chores.end();
    await this.tools.flattens.end();
    await this.tools.connection.close();
  }
}
