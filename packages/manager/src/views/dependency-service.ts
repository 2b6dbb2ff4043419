import type { Claim, OperationRecord, SnapshotRecord, VolumeRecord } from '@scoria/store';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { ManagerError } from '../errors.js';
import { findSnapshot, findVolume } from '../lookup.js';
import type { Caller } from '../requests.js';
import type { Blocker, Dependencies } from '../views.js';
import { BackendAccess } from './backend-access.js';
import { dependenciesOfSnapshot, dependenciesOfVolume } from './dependencies.js';
import { everySnapshot, everyVolume } from './every-page.js';

/** What depends on what, from the records. */
@injectable()
export class DependencyService {
  constructor(
    @inject(Store) private readonly store: Store,
    @inject(BackendAccess) private readonly backends: BackendAccess,
  ) {}

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
      this.#volumeConflicts(volume),
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
    const [attachments, operations, all, onlineSnapshot] = await Promise.all([
      this.store.listAttachments(volumeId),
      this.#snapshotConflicts(snapshot),
      everyVolume(this.store, { projectId }),
      this.#hasOnlineSnapshots(volume),
    ]);
    const copies = all.filter(({ sourceSnapshotId }) => sourceSnapshotId === id);
    return dependenciesOfSnapshot({ snapshot, volume, attachments, operations, copies, onlineSnapshot });
  }

  /** What is in the way of deleting a volume and each of its snapshots, by their ids. */
  async blockers(
    volume: VolumeRecord,
    snapshots: readonly SnapshotRecord[],
  ): Promise<Map<string, readonly Blocker[]>> {
    const attachments = await this.store.listAttachments(volume.id);
    const onlineSnapshot = await this.#hasOnlineSnapshots(volume);
    const common = { volume, attachments, copies: [] };
    const operations = await this.#volumeConflicts(volume);
    const found = new Map<string, readonly Blocker[]>([
      [volume.id, dependenciesOfVolume({ ...common, snapshots, operations }).blockers],
    ]);
    for (const snapshot of snapshots) {
      const around = {
        ...common,
        snapshot,
        onlineSnapshot,
        operations: await this.#snapshotConflicts(snapshot),
      };
      found.set(snapshot.id, dependenciesOfSnapshot(around).blockers);
    }
    return found;
  }

  /** By what was published of the backend; one that no manager has run yet is started, where a guest has the volume. */
  async #hasOnlineSnapshots({ backend, status }: VolumeRecord): Promise<boolean> {
    if (status !== 'in-use') return false;
    const found = (await this.store.listBackends()).find(({ name }) => name === backend);
    const { capabilities } = found ?? (await this.backends.open(backend).catch(downBackend));
    return capabilities.includes('onlineSnapshot');
  }

  async #volumeConflicts({ id }: VolumeRecord): Promise<OperationRecord[]> {
    return this.store.conflictingOperations([{ kind: 'volume', id, mode: 'exclusive' }]);
  }

  async #snapshotConflicts({ id, volumeId }: SnapshotRecord): Promise<OperationRecord[]> {
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

/** What a backend can do that is down, nobody can tell; until it is up again a guest is in the way. */
function downBackend(error: unknown): { readonly capabilities: readonly string[] } {
  if (error instanceof ManagerError) return { capabilities: [] };
  throw error;
}
