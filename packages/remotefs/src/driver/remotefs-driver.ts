import { VolumeDriver } from '@scoria/core';
import type {
  AdoptableVolume,
  AdoptVolumes,
  BackendStats,
  BlockDevice,
  CloneVolume,
  ConnectionInfo,
  Connector,
  DeviceMode,
  DeviceTarget,
  InspectVolumes,
  ManageableEntry,
  ManageReference,
  ManageVolumes,
  ModelUpdate,
  OperationContext,
  PlanOperations,
  PlanRequest,
  RevertToSnapshot,
  Snapshot,
  Volume,
  VolumeLayer,
} from '@scoria/core';
import { activeLayer } from '../chain/chain.js';
import type { Layer } from '../chain/chain.js';
import type { ShareDirectory } from '../chain/share-directory.js';
import { planCreateVolume } from '../plan/volume-plans.js';
import { recoverShares } from './recover-shares.js';
import type { Share } from '../shares/share.js';
import { requireConnector, requireExpectedSize } from './attachment-checks.js';
import { holdToChange, removeTraceOfClone } from './abandoned-clones.js';
import { cloneVolume } from './clone-volume.js';
import { copyIntoVolume, placedOn, snapshotOf } from './copy-into-volume.js';
import { deleteVolumePlan, extendPlan, revertPlan } from './held-plans.js';
import { planOperation } from './plan-operation.js';
import { readLayers } from './read-layers.js';
import type { RemoteFsTools } from './remotefs-tools.js';
import { requireUnusedId } from './unused-names.js';
import { dropSnapshot, takeSnapshot } from './volume-snapshots.js';

/** How a volume's active file reaches a host; what differs between the drivers of the family. */
export interface ActiveFile {
  readonly volume: Volume;
  readonly share: Share;
  /** The name of the file a guest opens. */
  readonly file: string;
  readonly format: 'raw' | 'qcow2';
  readonly directory: ShareDirectory;
}

/**
 * Volumes as files on shares, snapshots as qcow2 chains, in OpenStack Cinder's own format. A driver of the family
 * binds a `ShareProvider` and a `RemoteFsPolicy`, and says how its volumes are connected.
 *
 * Every change is a plan (see `Plan`): worked out from what is on the share, listed step by step, and safe to be
 * killed at any point. Two processes, on one host or several, may run the same shares.
 */
export abstract class RemoteFsDriver
  extends VolumeDriver
  implements CloneVolume, RevertToSnapshot, ManageVolumes, AdoptVolumes, InspectVolumes, PlanOperations
{
  constructor(protected readonly tools: RemoteFsTools) {
    super();
  }

  /** `vendorName` and `storageProtocol` of the statistics. */
  protected abstract readonly identity: Pick<BackendStats, 'vendorName' | 'storageProtocol'>;

  /** The connection info of a volume; see `VolumeDriver.initializeConnection`. */
  protected abstract connectionInfo(active: ActiveFile): ConnectionInfo;

  override async setup(context: OperationContext): Promise<void> {
    await this.tools.volumes.shares.start(context);
  }

  override async checkForSetupError(context: OperationContext): Promise<void> {
    const version = await this.tools.volumes.qemuImg.version(context);
    context.logger.info(`uses qemu-img ${version}`);
  }

  override async recover(context: OperationContext): Promise<void> {
    await recoverShares(context, this.tools.volumes, this.tools.watch);
  }

  override async stats(context: OperationContext): Promise<BackendStats> {
    return { ...this.identity, pools: await this.tools.placement.pools(context) };
  }

  override async createVolume(context: OperationContext, volume: Volume): Promise<ModelUpdate> {
    const { volumes, placement } = this.tools;
    const share = await placement.choose(context, volume.sizeBytes);
    await using held = await volumes.holdNew(context, volume.id, share);
    await requireUnusedId(context, volumes, volume.id);
    await held.tools.executor.run(
      context,
      planCreateVolume(volumes.names, volume.id, volume.sizeBytes, volumes.policy),
    );
    return placedOn(share, volumes);
  }

  override async createVolumeFromSnapshot(
    context: OperationContext,
    volume: Volume,
    snapshot: Snapshot,
  ): Promise<ModelUpdate> {
    return copyIntoVolume(context, this.tools, volume, snapshotOf(snapshot));
  }

  async createClonedVolume(context: OperationContext, volume: Volume, source: Volume): Promise<ModelUpdate> {
    return cloneVolume(context, this.tools, volume, source);
  }

  override async deleteVolume(context: OperationContext, volume: Volume): Promise<void> {
    const { volumes } = this.tools;
    if (volume.status === 'creating') await removeTraceOfClone(context, volumes, volume.id);
    const found = await volumes.find(context, volume);
    if (found === undefined) {
      context.logger.warn(`volume ${volume.id} is on none of the shares: there is nothing to delete`);
      return;
    }
    await using held = await holdToChange(context, volumes, found);
    const plan = await deleteVolumePlan(held, found);
    if (plan !== undefined) await held.tools.executor.run(context, plan);
  }

  override async extendVolume(
    context: OperationContext,
    volume: Volume,
    newSizeBytes: number,
  ): Promise<ModelUpdate> {
    const { volumes } = this.tools;
    await using held = await holdToChange(context, volumes, volume);
    await held.tools.executor.run(context, await extendPlan(volumes, held, volume, newSizeBytes));
    return { sizeBytes: newSizeBytes };
  }

  override async createSnapshot(context: OperationContext, snapshot: Snapshot): Promise<ModelUpdate> {
    const { volumes } = this.tools;
    await using held = await holdToChange(context, volumes, snapshot.volume);
    return { sizeBytes: await takeSnapshot(context, volumes, held, snapshot) };
  }

  override async deleteSnapshot(context: OperationContext, snapshot: Snapshot): Promise<void> {
    const { volume } = snapshot;
    const { volumes } = this.tools;
    await using held = await holdToChange(context, volumes, volume);
    if (await dropSnapshot(context, volumes, held, snapshot)) return;
    context.logger.warn(`snapshot ${snapshot.id} of volume ${volume.id} is not there: nothing to delete`);
  }

  async revertToSnapshot(
    context: OperationContext,
    volume: Volume,
    snapshot: Snapshot,
  ): Promise<ModelUpdate> {
    await using held = await holdToChange(context, this.tools.volumes, volume);
    await held.tools.executor.run(context, await revertPlan(held, volume, snapshot));
    return {};
  }

  override async initializeConnection(
    context: OperationContext,
    volume: Volume,
    connector: Connector,
  ): Promise<ConnectionInfo> {
    requireConnector(connector);
    await using held = await this.tools.volumes.hold(context, volume);
    const { share, directory, reader } = held.tools;
    const active: Layer = activeLayer(await reader.readChain(volume));
    requireExpectedSize(volume, active);
    return this.connectionInfo({ volume, share, directory, file: active.file, format: active.format });
  }

  override async terminateConnection(): Promise<void> {
    // A file on a share is not exported to a host: there is nothing to take back.
  }

  override async openDevice(
    context: OperationContext,
    target: DeviceTarget,
    mode: DeviceMode,
  ): Promise<BlockDevice> {
    return this.tools.devices.open(context, target, mode);
  }

  listManageable(context: OperationContext, known: readonly Volume[]): AsyncIterable<ManageableEntry> {
    return this.tools.takeovers.files.list(context, known);
  }

  async manageExistingSize(context: OperationContext, reference: ManageReference): Promise<number> {
    return this.tools.takeovers.files.size(context, reference);
  }

  async manageExisting(
    context: OperationContext,
    volume: Volume,
    reference: ManageReference,
  ): Promise<ModelUpdate> {
    return this.tools.takeovers.files.manage(context, volume, reference);
  }

  async unmanage(): Promise<void> {
    // The files stay as they are; whoever keeps the records forgets them.
  }

  findAdoptable(context: OperationContext): AsyncIterable<AdoptableVolume> {
    return this.tools.takeovers.volumes.find(context);
  }

  async adopt(context: OperationContext, found: AdoptableVolume): Promise<ModelUpdate> {
    return this.tools.takeovers.volumes.adopt(context, found);
  }

  async chainOf(context: OperationContext, volume: Volume): Promise<readonly VolumeLayer[]> {
    return readLayers(context, this.tools.volumes, volume);
  }

  async planOf(context: OperationContext, request: PlanRequest): Promise<readonly string[]> {
    return planOperation(context, this.tools, request);
  }
}
