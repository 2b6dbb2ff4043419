import { isDriverError, VolumeDriver } from '@scoria/core';
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
  ManageableEntry,
  ManageReference,
  ManageVolumes,
  ModelUpdate,
  OperationContext,
  RevertToSnapshot,
  Snapshot,
  Volume,
} from '@scoria/core';
import { activeLayer } from '../chain/chain.js';
import type { Layer } from '../chain/chain.js';
import type { ShareDirectory } from '../chain/share-directory.js';
import { planCreateSnapshot, planDeleteSnapshot, planRevert } from '../plan/snapshot-plans.js';
import { planCreateVolume, planDeleteVolume, planExtend } from '../plan/volume-plans.js';
import { recoverShares } from '../execute/recovery.js';
import type { Share } from '../shares/share.js';
import { requireConnector, requireExpectedSize } from './attachment-checks.js';
import { cloneOf, copyIntoVolume, snapshotOf } from './copy-into-volume.js';
import type { RemoteFsTools } from './remotefs-tools.js';
import { requireRoomToMerge } from './room-to-merge.js';
import { requireUnusedFile, requireUnusedId } from './unused-names.js';

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
  implements CloneVolume, RevertToSnapshot, ManageVolumes, AdoptVolumes
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
    await recoverShares(context, this.tools.volumes);
  }

  override async stats(context: OperationContext): Promise<BackendStats> {
    return { ...this.identity, pools: await this.tools.placement.pools(context) };
  }

  override async createVolume(context: OperationContext, volume: Volume): Promise<ModelUpdate> {
    const { volumes, placement } = this.tools;
    const share = await placement.choose(volume.sizeBytes);
    await using held = await volumes.holdNew(context, volume.id, share);
    await requireUnusedId(volumes, volume.id);
    await held.tools.executor.run(
      context,
      planCreateVolume(volumes.names, volume.id, volume.sizeBytes, volumes.policy),
    );
    return { providerLocation: share.share, providerMetadata: { format: volumes.policy.format } };
  }

  override async createVolumeFromSnapshot(
    context: OperationContext,
    volume: Volume,
    snapshot: Snapshot,
  ): Promise<ModelUpdate> {
    return copyIntoVolume(context, this.tools, volume, snapshotOf(snapshot));
  }

  async createClonedVolume(context: OperationContext, volume: Volume, source: Volume): Promise<ModelUpdate> {
    return copyIntoVolume(context, this.tools, volume, cloneOf(source));
  }

  override async deleteVolume(context: OperationContext, volume: Volume): Promise<void> {
    const { volumes } = this.tools;
    const found = await volumes.find(volume);
    if (found === undefined) {
      context.logger.warn(`volume ${volume.id} is on none of the shares: there is nothing to delete`);
      return;
    }
    await using held = await volumes.hold(context, found);
    const chain = await ifThere(held.tools.reader.readChain(found));
    if (chain !== undefined) await held.tools.executor.run(context, planDeleteVolume(chain));
  }

  override async extendVolume(
    context: OperationContext,
    volume: Volume,
    newSizeBytes: number,
  ): Promise<ModelUpdate> {
    const { volumes } = this.tools;
    await using held = await volumes.hold(context, volume);
    const chain = await held.tools.reader.readChain(volume);
    await held.tools.executor.run(context, planExtend(chain, newSizeBytes, volumes.policy.preallocated));
    return { sizeBytes: newSizeBytes };
  }

  override async createSnapshot(context: OperationContext, snapshot: Snapshot): Promise<ModelUpdate> {
    const { volume } = snapshot;
    const { volumes } = this.tools;
    const { names } = volumes;
    await using held = await this.tools.volumes.hold(context, volume);
    const { info, active } = await held.tools.reader.readActive(volume);
    const plan = planCreateSnapshot(names, volume.id, snapshot.id, info, active);
    await requireUnusedFile(volumes, held.tools.share, names.overlay(volume.id, snapshot.id));
    await held.tools.executor.run(context, plan);
    return { sizeBytes: active.virtualBytes };
  }

  override async deleteSnapshot(context: OperationContext, snapshot: Snapshot): Promise<void> {
    const { volume } = snapshot;
    await using held = await this.tools.volumes.hold(context, volume);
    const chain = await ifThere(held.tools.reader.readChain(volume));
    const plan = chain && planDeleteSnapshot(this.tools.volumes.names, chain, snapshot.id);
    if (plan === undefined) {
      context.logger.warn(`snapshot ${snapshot.id} of volume ${volume.id} is not there: nothing to delete`);
      return;
    }
    await requireRoomToMerge(held.tools.directory, plan);
    await held.tools.executor.run(context, plan);
  }

  async revertToSnapshot(
    context: OperationContext,
    volume: Volume,
    snapshot: Snapshot,
  ): Promise<ModelUpdate> {
    await using held = await this.tools.volumes.hold(context, volume);
    const chain = await held.tools.reader.readChain(volume);
    const plan = planRevert(chain, snapshot.id, activeLayer(chain).virtualBytes);
    await held.tools.executor.run(context, plan);
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
    return this.tools.manage.list(context, known);
  }

  async manageExistingSize(context: OperationContext, reference: ManageReference): Promise<number> {
    return this.tools.manage.size(context, reference);
  }

  async manageExisting(
    context: OperationContext,
    volume: Volume,
    reference: ManageReference,
  ): Promise<ModelUpdate> {
    return this.tools.manage.manage(context, volume, reference);
  }

  async unmanage(): Promise<void> {
    // The files stay as they are; whoever keeps the records forgets them.
  }

  findAdoptable(context: OperationContext): AsyncIterable<AdoptableVolume> {
    return this.tools.adoption.find(context);
  }

  async adopt(context: OperationContext, found: AdoptableVolume): Promise<ModelUpdate> {
    return this.tools.adoption.adopt(context, found);
  }
}

/** What a delete finds gone is no error. */
async function ifThere<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isDriverError(error, 'volume-not-found')) return undefined;
    throw error;
  }
}
