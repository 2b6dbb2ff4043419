import type {
  AdoptableVolume,
  AdoptVolumes,
  BackupPoint,
  BackUpVolumes,
  BlockDevice,
  CloneImage,
  CloneVolume,
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
import { isUuid } from '@scoria/core';
import { injectable, injectFromBase } from 'inversify';
import type { MemoryBlockDevice } from '../fakes/memory-block-device.js';
import type { StoredVolume } from './memory-array.js';
import { building } from './memory-array.js';
import { MemoryDriver, nameOf, TEMPORARY } from './memory-driver.js';
import { alreadyExists, noReference, snapshotBusy, volumeNotFound } from './memory-errors.js';
import { planInMemory } from './memory-plans.js';
import { manageableInMemory, referredSnapshot } from './memory-snapshots.js';

const PREFIX = 'volume-';

/** {@link MemoryDriver} with every capability there is. */
@injectable()
@injectFromBase({ extendConstructorArguments: true })
export class FullMemoryDriver
  extends MemoryDriver
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
  async createClonedVolume(context: OperationContext, volume: Volume, source: Volume): Promise<ModelUpdate> {
    return this.locked(context, [volume, source], async () => {
      this.requireFree(volume);
      const { bytes, snapshots } = this.stored(source);
      const temporary = `${TEMPORARY}${volume.id}`;
      await context.step('take a temporary snapshot');
      const moment = bytes.copy();
      snapshots.set(temporary, moment);
      try {
        return await this.make(context, volume, () => building(moment.copy(volume.sizeBytes)));
      } finally {
        snapshots.delete(temporary);
      }
    });
  }

  async revertToSnapshot(
    context: OperationContext,
    volume: Volume,
    snapshot: Snapshot,
  ): Promise<ModelUpdate> {
    return this.locked(context, [volume], async () => {
      const stored = this.stored(volume);
      const bytes = this.snapshotBytes(snapshot);
      const ids = [...stored.snapshots.keys()];
      const newer = ids.slice(ids.indexOf(snapshot.id) + 1);
      if (newer.length > 0) throw snapshotBusy(snapshot.id, newer);
      await this.requireClosed(volume);
      await context.step('go back');
      stored.bytes = bytes.copy(stored.bytes.sizeBytes);
      return {};
    });
  }

  async *listManageable(
    _context: OperationContext,
    known: readonly Volume[],
  ): AsyncGenerator<ManageableEntry> {
    const ours = new Set(known.map(nameOf));
    for (const [name, { bytes }] of this.array.volumes) {
      if (ours.has(name)) continue;
      yield {
        reference: { 'source-name': name },
        sizeBytes: bytes.sizeBytes,
        safeToManage: true,
        reason: '',
      };
    }
    return Promise.resolve();
  }

  async manageExistingSize(_context: OperationContext, reference: ManageReference): Promise<number> {
    return Promise.resolve(this.#referred(reference).stored.bytes.sizeBytes);
  }

  async manageExisting(
    context: OperationContext,
    volume: Volume,
    reference: ManageReference,
  ): Promise<ModelUpdate> {
    return this.locked(context, [volume], async () => {
      const ours = this.array.volumes.get(nameOf(volume));
      const theirs = this.array.volumes.get(reference['source-name'] ?? '');
      const update = { providerLocation: this.options.array_name };
      if (ours !== undefined && theirs === undefined) return { ...update, sizeBytes: ours.bytes.sizeBytes };
      const { name, stored } = this.#referred(reference);
      if (ours !== undefined) throw alreadyExists(nameOf(volume));
      await context.step('rename the volume');
      this.array.volumes.delete(name);
      this.array.volumes.set(nameOf(volume), stored);
      return { ...update, sizeBytes: stored.bytes.sizeBytes };
    });
  }

  async unmanage(): Promise<void> {
    return Promise.resolve();
  }

  async *listManageableSnapshots(
    _context: OperationContext,
    volumes: readonly Volume[],
    known: readonly Snapshot[],
  ): AsyncGenerator<ManageableSnapshot> {
    const ours = new Set(known.map(({ id }) => id));
    for (const [name, { snapshots }] of this.array.volumes) {
      const volumeId = volumes.find((volume) => nameOf(volume) === name)?.id;
      for (const [snapshot, { sizeBytes }] of snapshots) {
        if (!ours.has(snapshot) && !snapshot.startsWith(TEMPORARY))
          yield manageableInMemory(name, volumeId, { snapshot, sizeBytes });
      }
    }
    return Promise.resolve();
  }

  async manageExistingSnapshotSize(
    _context: OperationContext,
    volume: Volume,
    reference: ManageReference,
  ): Promise<number> {
    return Promise.resolve(referredSnapshot(this.stored(volume), reference).bytes.sizeBytes);
  }

  async manageExistingSnapshot(
    context: OperationContext,
    snapshot: Snapshot,
    reference: ManageReference,
  ): Promise<ModelUpdate> {
    return this.locked(context, [snapshot.volume], async () => {
      const stored = this.stored(snapshot.volume);
      const ours = stored.snapshots.get(snapshot.id);
      const named = reference['source-name'];
      if (ours !== undefined && (named === undefined || !stored.snapshots.has(named)))
        return { sizeBytes: ours.sizeBytes };
      const { name, bytes } = referredSnapshot(stored, reference);
      if (ours !== undefined && name !== snapshot.id) throw alreadyExists(snapshot.id);
      await context.step('rename the snapshot');
      // In its place: they are in the order they were taken.
      const renamed = [...stored.snapshots].map(
        ([id, each]) => [id === name ? snapshot.id : id, each] as const,
      );
      stored.snapshots.clear();
      for (const [id, each] of renamed) stored.snapshots.set(id, each);
      return { sizeBytes: bytes.sizeBytes };
    });
  }

  async unmanageSnapshot(): Promise<void> {
    return Promise.resolve();
  }

  async *findAdoptable(): AsyncGenerator<AdoptableVolume> {
    for (const [name, { bytes, snapshots }] of this.array.volumes) {
      const id = name.slice(PREFIX.length);
      if (!isUuid(id)) continue;
      yield {
        id,
        sizeBytes: bytes.sizeBytes,
        providerLocation: this.options.array_name,
        providerMetadata: {},
        snapshots: [...snapshots].map(([snapshotId, { sizeBytes }]) => {
          return { id: snapshotId, sizeBytes, providerMetadata: {} };
        }),
        problems: [],
        changes: [],
      };
    }
    return Promise.resolve();
  }

  async adopt(_context: OperationContext, found: AdoptableVolume): Promise<ModelUpdate> {
    const stored = this.array.volumes.get(`${PREFIX}${found.id}`);
    if (stored === undefined) throw volumeNotFound(found.id);
    return Promise.resolve({ providerLocation: this.options.array_name, sizeBytes: stored.bytes.sizeBytes });
  }

  async chainOf(context: OperationContext, volume: Volume): Promise<readonly VolumeLayer[]> {
    return this.locked(context, [volume], async () => {
      const { bytes, snapshots } = this.stored(volume);
      const below = [...snapshots].map(([id, { sizeBytes }], index, all): VolumeLayer => {
        const parent = all[index - 1]?.[0];
        return {
          name: id,
          ...(parent === undefined ? {} : { parent }),
          sizeBytes,
          isVolume: false,
          snapshotIds: [id],
        };
      });
      const parent = below.at(-1)?.name;
      const own = { name: nameOf(volume), sizeBytes: bytes.sizeBytes, isVolume: true, snapshotIds: [] };
      return Promise.resolve([...below, { ...own, ...(parent === undefined ? {} : { parent }) }]);
    });
  }

  async planOf(_context: OperationContext, request: PlanRequest): Promise<readonly string[]> {
    return Promise.resolve(planInMemory(this.array, request));
  }

  async retypeVolume(
    context: OperationContext,
    volume: Volume,
    to: VolumeType | undefined,
  ): Promise<ModelUpdate> {
    return this.locked(context, [volume], async () => {
      const stored = this.stored(volume);
      await context.step('change the type');
      stored.typeName = to?.name;
      return {};
    });
  }

  async cloneImage(
    context: OperationContext,
    volume: Volume,
    image: ImageSource,
  ): Promise<ModelUpdate | undefined> {
    const source = image.diskFormat === 'raw' ? this.#imageBytes(image) : undefined;
    if (source === undefined) return undefined;
    return this.locked(context, [volume], async () => {
      this.requireFree(volume);
      return this.make(context, volume, () => building(source.copy(volume.sizeBytes)));
    });
  }

  async openBackup(context: OperationContext, volume: Volume, { id }: BackupPoint): Promise<BlockDevice> {
    return this.locked(context, [volume], async () => {
      const { bytes, backups } = this.stored(volume);
      if (!backups.has(id)) {
        await context.step('keep the moment for the backup');
        backups.set(id, bytes.copy());
      }
      return this.opened(volume, backups.get(id) ?? bytes, {
        mode: 'read-only',
        bytesOfSnapshot: (earlier) => backups.get(earlier),
      });
    });
  }

  async forgetBackup(context: OperationContext, volume: Volume, backupId: string): Promise<void> {
    await this.locked(context, [volume], async () => {
      const backups = this.array.volumes.get(nameOf(volume))?.backups;
      if (backups?.has(backupId) !== true) return;
      await context.step('forget the moment of the backup');
      backups.delete(backupId);
    });
  }

  protected override deviceOptions({
    snapshots,
  }: StoredVolume): NonNullable<ConstructorParameters<typeof MemoryBlockDevice>[1]> {
    return { bytesOfSnapshot: (id) => snapshots.get(id) };
  }

  /** `memory://array/volume/snapshot`; undefined where it is none of ours. */
  #imageBytes({ locations }: ImageSource): StoredVolume['bytes'] | undefined {
    for (const location of locations) {
      const [scheme, array = '', volume = '', snapshot = '', ...more] = location.split(/:?\/+/);
      if (scheme !== 'memory' || array !== this.options.array_name || more.length > 0) continue;
      const found = this.array.volumes.get(volume)?.snapshots.get(snapshot);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #referred(reference: ManageReference): { name: string; stored: StoredVolume } {
    const name = reference['source-name'];
    if (name === undefined) throw noReference('volume');
    const stored = this.array.volumes.get(name);
    if (stored === undefined) throw volumeNotFound(name);
    return { name, stored };
  }
}
