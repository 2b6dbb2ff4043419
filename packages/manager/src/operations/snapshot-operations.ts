import type { ModelUpdate } from '@scoria/core';
import type { SnapshotRecord } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { randomUUID } from 'node:crypto';
import { findSnapshot, findVolume } from '../lookup.js';
import type { Caller, CreateSnapshotRequest } from '../requests.js';
import type { Accepted } from '../volume-manager.js';
import { Desk } from './desk.js';
import type { CreateSnapshotParameters } from './create-snapshot.js';
import { CreateSnapshot } from './create-snapshot.js';
import type { DeleteSnapshotParameters } from './delete-snapshot.js';
import { DeleteSnapshot } from './delete-snapshot.js';
import { requireDescription } from './request-checks.js';
import type { Prepared } from './submission.js';
import { subjectOf } from './volume-state.js';

/** What is done to snapshots. */
@injectable()
export class SnapshotOperations {
  constructor(
    @inject(Desk) private readonly desk: Desk,
    @inject(CreateSnapshot) private readonly creating: CreateSnapshot,
    @inject(DeleteSnapshot) private readonly deleting: DeleteSnapshot,
  ) {}

  async get({ projectId }: Caller, snapshot: string): Promise<SnapshotRecord> {
    return findSnapshot(this.desk.store, projectId, snapshot);
  }

  async create(caller: Caller, request: CreateSnapshotRequest): Promise<Accepted<SnapshotRecord>> {
    return this.#submit(caller, await this.prepareCreate(caller, request));
  }

  async delete(caller: Caller, snapshot: string): Promise<Accepted<SnapshotRecord>> {
    return this.#submit(caller, await this.prepareDelete(caller, snapshot));
  }

  async prepareCreate(
    caller: Caller,
    request: CreateSnapshotRequest,
  ): Promise<Prepared<CreateSnapshotParameters, ModelUpdate, SnapshotRecord>> {
    requireDescription('the snapshot cannot be taken', request);
    const { projectId } = caller;
    const volume = await findVolume(this.desk.store, projectId, request.volume);
    await this.desk.checks.requireState('create-snapshot', volume);
    const at = this.desk.timestamp();
    const { name, description, metadata } = request;
    const snapshot: SnapshotRecord = {
      id: randomUUID(),
      volumeId: volume.id,
      name,
      ...(description === undefined ? {} : { description }),
      projectId,
      sizeBytes: volume.sizeBytes,
      status: 'creating',
      providerMetadata: {},
      metadata: metadata ?? {},
      countsInQuota: true,
      createdAt: at,
      updatedAt: at,
    };
    return { handler: this.creating, parameters: { ...subjectOf(volume), snapshot }, initial: snapshot };
  }

  async prepareDelete(
    caller: Caller,
    name: string,
  ): Promise<Prepared<DeleteSnapshotParameters, undefined, SnapshotRecord>> {
    const snapshot = await this.get(caller, name);
    await this.desk.checks.requireSnapshotState('delete-snapshot', snapshot);
    const volume = await findVolume(this.desk.store, caller.projectId, snapshot.volumeId);
    await this.desk.checks.requireState('delete-snapshot', volume);
    return {
      handler: this.deleting,
      parameters: { ...subjectOf(volume), snapshotId: snapshot.id, snapshotBefore: snapshot.status },
      initial: { ...snapshot, status: 'deleting' },
    };
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
