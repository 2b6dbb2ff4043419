import type { Claim, OperationRecord, SnapshotRecord, VolumeRecord } from '@scoria/store';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { ManagerError } from '../errors.js';
import { findSnapshot, findVolume } from '../lookup.js';
import type { Caller } from '../requests.js';
import type { Blocker, Dependencies } from '../views.js';
import { BackendAccess } from './backend-access.js';
import { BackendBlockers } from './backend-blockers.js';
import { dependenciesOfSnapshot, dependenciesOfVolume, withFound } from './dependencies.js';
import { everySnapshot, everyVolume } from './every-page.js';

/** What depends on what, from the records, and what is in the way on the backend besides. */
@injectable()
export class DependencyService {
  constructor(
    @inject(Store) private readonly store: Store,
    @inject(BackendAccess) private readonly backends: BackendAccess,
    @inject(BackendBlockers) private readonly found: BackendBlockers,
  ) {}

  /** See `VolumeManager.dependencies`. */
  async of(caller: Caller, kind: 'volume' | 'snapshot', object: string): Promise<Dependencies> {
    if (kind === 'volume') {
      const volume = await findVolume(this.store, caller.projectId, object);
      return this.#withFound(await this.#ofVolume(volume), () => this.found.ofVolume(caller, volume));
    }
    const snapshot = await findSnapshot(this.store, caller.projectId, object);
    const volume = await findVolume(this.store, caller.projectId, snapshot.volumeId);
    const known = await this.#ofSnapshot(snapshot, volume);
    return this.#withFound(known, () => this.found.ofSnapshot(caller, snapshot, volume));
  }

  /** The backend is not asked while an operation is at work: it might have to wait for that. */
  async #withFound(known: Dependencies, find: () => Promise<Blocker[]>): Promise<Dependencies> {
    const isAtWork = known.blockers.some(({ kind }) => kind === 'operation');
    return isAtWork ? known : withFound(known, await find());
  }

  async #ofVolume(volume: VolumeRecord): Promise<Dependencies> {
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

  async #ofSnapshot(snapshot: SnapshotRecord, volume: VolumeRecord): Promise<Dependencies> {
    const { id, volumeId, projectId } = snapshot;
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
    caller: Caller,
    volume: VolumeRecord,
    snapshots: readonly SnapshotRecord[],
  ): Promise<Map<string, readonly Blocker[]>> {
    const attachments = await this.store.listAttachments(volume.id);
    const onlineSnapshot = await this.#hasOnlineSnapshots(volume);
    const common = { volume, attachments, copies: [] };
    const operations = await this.#volumeConflicts(volume);
    const found = new Map<string, readonly Blocker[]>();
    const ofVolume = dependenciesOfVolume({ ...common, snapshots, operations });
    const all = await this.#withFound(ofVolume, () => this.found.ofVolume(caller, volume));
    found.set(volume.id, all.blockers);
    for (const snapshot of snapshots) {
      const around = {
        ...common,
        snapshot,
        onlineSnapshot,
        operations: await this.#snapshotConflicts(snapshot),
      };
      const find = (): Promise<Blocker[]> => this.found.ofSnapshot(caller, snapshot, volume);
      found.set(snapshot.id, (await this.#withFound(dependenciesOfSnapshot(around), find)).blockers);
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
