import type { Claim, OperationRecord, SnapshotRecord, VolumeRecord } from '@scoria/store';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { findSnapshot, findVolume } from '../lookup.js';
import type { Caller } from '../requests.js';
import type { Dependencies } from '../views.js';
import { dependenciesOfSnapshot, dependenciesOfVolume } from './dependencies.js';
import { everySnapshot, everyVolume } from './every-page.js';

/** What depends on what, from the records. */
@injectable()
export class DependencyService {
  constructor(@inject(Store) private readonly store: Store) {}

  /** See `VolumeManager.dependencies`. */
  async of(caller: Caller, kind: 'volume' | 'snapshot', object: string): Promise<Dependencies> {
    return kind === 'volume'
      ? this.ofVolume(await findVolume(this.store, caller.projectId, object))
      : this.ofSnapshot(await findSnapshot(this.store, caller.projectId, object));
  }

  async ofVolume(volume: VolumeRecord): Promise<Dependencies> {
    const { id, projectId } = volume;
    const [snapshots, attachments, operations, all, source] = await Promise.all([
      everySnapshot(this.store, { volumeId: id }),
      this.store.listAttachments(id),
      this.store.conflictingOperations([{ kind: 'volume', id, mode: 'exclusive' }]),
      everyVolume(this.store, { projectId }),
      this.#sourceOf(volume),
    ]);
    return dependenciesOfVolume({
      volume,
      snapshots,
      attachments,
      operations,
      copies: all.filter(({ sourceVolumeId }) => sourceVolumeId === id),
      ...(source === undefined ? {} : { source }),
    });
  }

  async ofSnapshot(snapshot: SnapshotRecord): Promise<Dependencies> {
    const { id, volumeId, projectId } = snapshot;
    const volume = await findVolume(this.store, projectId, volumeId);
    const [attachments, operations, all, backends] = await Promise.all([
      this.store.listAttachments(volumeId),
      this.#deletionConflicts(snapshot),
      everyVolume(this.store, { projectId }),
      this.store.listBackends(),
    ]);
    const backend = backends.find(({ name }) => name === volume.backend);
    return dependenciesOfSnapshot({
      snapshot,
      volume,
      attachments,
      operations,
      copies: all.filter(({ sourceSnapshotId }) => sourceSnapshotId === id),
      onlineSnapshot: backend?.capabilities.includes('onlineSnapshot') ?? false,
    });
  }

  async #deletionConflicts({ id, volumeId }: SnapshotRecord): Promise<OperationRecord[]> {
    const claims: Claim[] = [
      { kind: 'snapshot', id, mode: 'exclusive' },
      { kind: 'volume', id: volumeId, mode: 'shared' },
    ];
    return this.store.conflictingOperations(claims);
  }

  async #sourceOf({
    sourceVolumeId,
    sourceSnapshotId,
  }: VolumeRecord): Promise<VolumeRecord | SnapshotRecord | undefined> {
    if (sourceSnapshotId !== undefined) return this.store.getSnapshot(sourceSnapshotId);
    return sourceVolumeId === undefined ? undefined : this.store.getVolume(sourceVolumeId);
  }
}
