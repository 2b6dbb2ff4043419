import type { ManageReference, ModelUpdate, ScoriaError } from '@scoria/core';
import type { Claim, Records, SnapshotRecord } from '@scoria/store';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { changesOf, driverSnapshotOf, driverVolumeOf } from '../driver-objects.js';
import type { OperationHandler, OperationRun } from '../engine/operation-handler.js';
import { Quotas } from '../placement/quotas.js';
import { beginOn } from './begin.js';
import { sharedVolume, wholeSnapshot } from './claims.js';
import { changedMeanwhile } from './refusals.js';
import { removeSnapshot, snapshotOf } from './snapshot-state.js';
import { SNAPSHOT_STATES, stateAfterFailure } from './states.js';
import type { VolumeSubject } from './volume-state.js';
import { enterState, volumeOf } from './volume-state.js';

export interface ManageSnapshotParameters extends VolumeSubject {
  /** What is inserted when it is accepted; its size is 0 until the backend has told it. */
  readonly snapshot: SnapshotRecord;
  readonly reference: ManageReference;
}

/** Takes over a snapshot that is on the backend already. */
@injectable()
export class ManageSnapshot implements OperationHandler<ManageSnapshotParameters, ModelUpdate> {
  readonly kind = 'manage-snapshot';
  /** Drivers may be asked again once they have succeeded. */
  readonly recovery = 'resume';

  constructor(
    @inject(Quotas) private readonly quotas: Quotas,
    @inject(Store) private readonly store: Store,
  ) {}

  backends({ backend }: ManageSnapshotParameters): readonly string[] {
    return [backend];
  }

  claims({ volumeId, snapshot }: ManageSnapshotParameters): readonly Claim[] {
    return [sharedVolume(volumeId), wholeSnapshot(snapshot.id)];
  }

  async accept(records: Records, parameters: ManageSnapshotParameters): Promise<void> {
    const { snapshot } = parameters;
    await enterState(records, this.kind, parameters);
    await this.quotas.reserve(records, snapshot.projectId, { snapshots: 1 });
    await records.insertSnapshot(snapshot);
  }

  async run(parameters: ManageSnapshotParameters, run: OperationRun): Promise<ModelUpdate> {
    const { backend, volumeId, snapshot, reference } = parameters;
    const { driver } = await beginOn(run, backend);
    const volume = await volumeOf(run.records, volumeId);
    const stored = await snapshotOf(run.records, snapshot.id);
    if (stored.sizeBytes === 0) {
      const of = await driverVolumeOf(run.records, volume);
      await this.#storeSize(snapshot, await driver.manageExistingSnapshotSize(run.context, of, reference));
    }
    const known = await snapshotOf(run.records, snapshot.id);
    const target = await driverSnapshotOf(run.records, known, volume);
    return driver.manageExistingSnapshot(run.context, target, reference);
  }

  async succeed(
    records: Records,
    { snapshot }: ManageSnapshotParameters,
    update: ModelUpdate,
  ): Promise<void> {
    const stored = await snapshotOf(records, snapshot.id);
    const changes = changesOf(update, stored);
    const growth = (changes.sizeBytes ?? stored.sizeBytes) - stored.sizeBytes;
    if (growth !== 0) await records.addQuotaUsage(snapshot.projectId, 'gigabytes', growth);
    const changed = await records.changeSnapshot(snapshot.id, ['creating'], {
      ...changes,
      status: 'available',
      statusReason: undefined,
    });
    if (!changed) throw changedMeanwhile('snapshot', snapshot.id, 'it was not creating at the end');
  }

  async fail(records: Records, { snapshot }: ManageSnapshotParameters, error: ScoriaError): Promise<void> {
    const status = stateAfterFailure(SNAPSHOT_STATES[this.kind], 'creating', error);
    if (status === 'gone') await removeSnapshot(records, snapshot.id);
    else await records.changeSnapshot(snapshot.id, ['creating'], { status, statusReason: error.message });
  }

  /** Stored before the snapshot is renamed: afterwards the reference names nothing any more. */
  async #storeSize({ id, projectId }: SnapshotRecord, sizeBytes: number): Promise<void> {
    await this.store.transaction(async (records) => {
      await this.quotas.reserve(records, projectId, { gigabytes: sizeBytes });
      await records.changeSnapshot(id, ['creating'], { sizeBytes });
    });
  }
}
