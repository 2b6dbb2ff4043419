import type { SnapshotRecord } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { randomUUID } from 'node:crypto';
import { findSnapshot, findVolume } from '../lookup.js';
import type { Caller, ManageSnapshotRequest } from '../requests.js';
import { everySnapshot } from '../views/every-page.js';
import type { Accepted } from '../volume-manager.js';
import { Desk } from './desk.js';
import { idsIn, isManaged, requireReference } from './manage-requests.js';
import { ManageSnapshot } from './manage-snapshot.js';
import { requireDescription } from './request-checks.js';
import type { Prepared } from './submission.js';
import { UnmanageSnapshot } from './unmanage-snapshot.js';
import { subjectOf } from './volume-state.js';

/** Takes snapshots of volumes over that are on a backend already, and lets them go. */
@injectable()
export class ManageSnapshotOperations {
  constructor(
    @inject(Desk) private readonly desk: Desk,
    @inject(ManageSnapshot) private readonly managing: ManageSnapshot,
    @inject(UnmanageSnapshot) private readonly unmanaging: UnmanageSnapshot,
  ) {}

  async manage(caller: Caller, request: ManageSnapshotRequest): Promise<Accepted<SnapshotRecord>> {
    const { reference } = request;
    requireDescription('the snapshot cannot be taken over', request);
    requireReference(reference);
    const volume = await findVolume(this.desk.store, caller.projectId, request.volume);
    await this.desk.checks.requireState('manage-snapshot', volume);
    await this.desk.checks.requireCapability(volume.backend, 'manageSnapshots', 'take snapshots over');
    await this.#requireNotOurs(volume.id, reference);
    const snapshot = this.#record(caller, volume.id, request);
    const parameters = { ...subjectOf(volume), snapshot, reference };
    return this.#submit(caller, { handler: this.managing, parameters, initial: snapshot });
  }

  async unmanage(caller: Caller, name: string): Promise<Accepted<SnapshotRecord>> {
    const snapshot = await findSnapshot(this.desk.store, caller.projectId, name);
    await this.desk.checks.requireSnapshotState('unmanage-snapshot', snapshot);
    const volume = await findVolume(this.desk.store, caller.projectId, snapshot.volumeId);
    await this.desk.checks.requireState('unmanage-snapshot', volume);
    await this.desk.checks.requireCapability(volume.backend, 'manageSnapshots', 'let snapshots go');
    const initial = { ...snapshot, status: 'deleting' } as const;
    const parameters = {
      ...subjectOf(volume),
      snapshotId: snapshot.id,
      snapshotBefore: snapshot.status,
    };
    return this.#submit(caller, { handler: this.unmanaging, parameters, initial });
  }

  #record(
    { projectId }: Caller,
    volumeId: string,
    { name, description, metadata }: ManageSnapshotRequest,
  ): SnapshotRecord {
    const at = this.desk.timestamp();
    return {
      id: randomUUID(),
      volumeId,
      name,
      ...(description === undefined ? {} : { description }),
      projectId,
      sizeBytes: 0,
      status: 'creating',
      providerMetadata: {},
      metadata: metadata ?? {},
      countsInQuota: true,
      createdAt: at,
      updatedAt: at,
    };
  }

  async #requireNotOurs(volumeId: string, reference: ManageSnapshotRequest['reference']): Promise<void> {
    const ids = idsIn(reference);
    if (ids.length === 0) return;
    const snapshots = await everySnapshot(this.desk.store, { volumeId });
    const ours = snapshots.find(({ id }) => ids.includes(id));
    if (ours !== undefined) throw isManaged(reference, 'snapshot', ours);
  }

  async #submit<P extends object, R>(
    caller: Caller,
    prepared: Prepared<P, R, SnapshotRecord>,
  ): Promise<Accepted<SnapshotRecord>> {
    return this.desk.submission.submit(caller, prepared, () =>
      this.desk.store.getSnapshot(prepared.initial.id),
    );
  }
}
