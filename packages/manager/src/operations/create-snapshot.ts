import type { ModelUpdate, ScoriaError } from '@scoria/core';
import { isDriverError } from '@scoria/core';
import type { Claim, Records, SnapshotRecord } from '@scoria/store';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { changesOf, driverSnapshotOf } from '../driver-objects.js';
import type { OperationHandler, OperationRun } from '../engine/operation-handler.js';
import { Quotas } from '../placement/quotas.js';
import { Untouched } from './begin.js';
import { sharedVolume, wholeSnapshot } from './claims.js';
import { connectionsAgain } from './connections-again.js';
import { changedMeanwhile } from './refusals.js';
import { snapshotOf } from './snapshot-state.js';
import type { VolumeSubject } from './volume-state.js';
import { enterState, volumeOf } from './volume-state.js';

export interface CreateSnapshotParameters extends VolumeSubject {
  /** What is inserted when it is accepted. */
  readonly snapshot: SnapshotRecord;
  /** The backend has a snapshot of this id that we did not take: it is not to be removed. */
  readonly foreign?: boolean;
}

/** Takes a snapshot. The volume stays in its state; a guest that has it writes to another file afterwards, perhaps. */
@injectable()
export class CreateSnapshot implements OperationHandler<CreateSnapshotParameters, ModelUpdate> {
  readonly kind = 'create-snapshot';
  readonly recovery = 'undo';

  readonly #untouched = new Untouched();

  constructor(
    @inject(Quotas) private readonly quotas: Quotas,
    @inject(Store) private readonly store: Store,
  ) {}

  backends({ backend }: CreateSnapshotParameters): readonly string[] {
    return [backend];
  }

  claims({ volumeId, snapshot }: CreateSnapshotParameters): readonly Claim[] {
    return [sharedVolume(volumeId), wholeSnapshot(snapshot.id)];
  }

  async accept(records: Records, parameters: CreateSnapshotParameters): Promise<void> {
    const { volumeId, snapshot } = parameters;
    const volume = await enterState(records, this.kind, parameters);
    if (volume.sizeBytes !== snapshot.sizeBytes) {
      throw changedMeanwhile('volume', volumeId, `it has ${volume.sizeBytes} bytes now`);
    }
    await this.quotas.reserve(records, snapshot.projectId, { snapshots: 1, gigabytes: snapshot.sizeBytes });
    await records.insertSnapshot(snapshot);
  }

  async run(parameters: CreateSnapshotParameters, run: OperationRun): Promise<ModelUpdate> {
    const { backend, volumeId, snapshot } = parameters;
    const { driver } = await this.#untouched.beginOn(run, backend);
    const target = await driverSnapshotOf(run.records, snapshot, await volumeOf(run.records, volumeId));
    try {
      const update = await driver.createSnapshot(run.context, target);
      await connectionsAgain(this.store, run, parameters);
      return update;
    } catch (error) {
      if (isDriverError(error, 'already-exists'))
        await run.updateParameters({ ...parameters, foreign: true });
      throw error;
    }
  }

  async undo(parameters: CreateSnapshotParameters, run: OperationRun): Promise<void> {
    const { foreign, backend, volumeId, snapshot } = parameters;
    if (foreign === true || this.#untouched.take(run)) return;
    const { driver } = await run.backend(backend);
    const target = await driverSnapshotOf(run.records, snapshot, await volumeOf(run.records, volumeId));
    try {
      await driver.deleteSnapshot(run.context, target);
    } finally {
      await connectionsAgain(this.store, run, parameters);
    }
  }

  async succeed(
    records: Records,
    { snapshot }: CreateSnapshotParameters,
    update: ModelUpdate,
  ): Promise<void> {
    const { providerLocation, providerId, providerMetadata } = changesOf(
      update,
      await snapshotOf(records, snapshot.id),
    );
    const changed = await records.changeSnapshot(snapshot.id, ['creating'], {
      ...(providerLocation === undefined ? {} : { providerLocation }),
      ...(providerId === undefined ? {} : { providerId }),
      ...(providerMetadata === undefined ? {} : { providerMetadata }),
      status: 'available',
      statusReason: undefined,
    });
    if (!changed) throw changedMeanwhile('snapshot', snapshot.id, 'it was not creating at the end');
  }

  async fail(records: Records, { snapshot }: CreateSnapshotParameters, error: ScoriaError): Promise<void> {
    await records.changeSnapshot(snapshot.id, ['creating'], { status: 'error', statusReason: error.message });
  }
}
