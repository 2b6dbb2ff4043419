import type { ManageReference, ModelUpdate, ScoriaError } from '@scoria/core';
import type { Claim, Records, VolumeRecord } from '@scoria/store';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { driverVolumeOf } from '../driver-objects.js';
import type { OperationHandler, OperationRun } from '../engine/operation-handler.js';
import { Quotas } from '../placement/quotas.js';
import { beginOn } from './begin.js';
import { wholeVolume } from './claims.js';
import { stateAfterFailure, VOLUME_STATES } from './states.js';
import { leaveInFailure, leaveInSuccess, removeVolume, storedUpdate, volumeOf } from './volume-state.js';

export interface ManageVolumeParameters {
  /** What is inserted when it is accepted; its size is 0 until the backend has told it. */
  readonly volume: VolumeRecord;
  readonly reference: ManageReference;
}

/** Takes over a volume that is on the backend already. */
@injectable()
export class ManageVolume implements OperationHandler<ManageVolumeParameters, ModelUpdate> {
  readonly kind = 'manage-volume';
  /** Drivers may be asked again once they have succeeded. */
  readonly recovery = 'resume';

  constructor(
    @inject(Quotas) private readonly quotas: Quotas,
    @inject(Store) private readonly store: Store,
  ) {}

  backends({ volume }: ManageVolumeParameters): readonly string[] {
    return [volume.backend];
  }

  claims({ volume }: ManageVolumeParameters): readonly Claim[] {
    return [wholeVolume(volume.id)];
  }

  async accept(records: Records, { volume }: ManageVolumeParameters): Promise<void> {
    await this.quotas.reserve(records, volume.projectId, { volumes: 1 });
    await records.insertVolume(volume);
  }

  async run({ volume, reference }: ManageVolumeParameters, run: OperationRun): Promise<ModelUpdate> {
    const { driver } = await beginOn(run, volume.backend);
    const stored = await volumeOf(run.records, volume.id);
    if (stored.sizeBytes === 0) {
      await this.#storeSize(volume, await driver.manageExistingSize(run.context, reference));
    }
    const known = await volumeOf(run.records, volume.id);
    return driver.manageExisting(run.context, await driverVolumeOf(run.records, known), reference);
  }

  async succeed(records: Records, { volume }: ManageVolumeParameters, update: ModelUpdate): Promise<void> {
    const changes = await storedUpdate(records, await volumeOf(records, volume.id), update);
    await leaveInSuccess(records, this.kind, subject(volume), changes);
  }

  async fail(records: Records, { volume }: ManageVolumeParameters, error: ScoriaError): Promise<void> {
    const status = stateAfterFailure(VOLUME_STATES[this.kind], 'managing', error);
    if (status === 'gone') await removeVolume(records, volume.id);
    else await leaveInFailure(records, this.kind, subject(volume), error);
  }

  /** Stored before the volume is renamed: afterwards the reference names nothing any more. */
  async #storeSize({ id, projectId }: VolumeRecord, sizeBytes: number): Promise<void> {
    await this.store.transaction(async (records) => {
      await this.quotas.reserve(records, projectId, { gigabytes: sizeBytes });
      await records.changeVolume(id, ['managing'], { sizeBytes });
    });
  }
}

function subject({ id, backend }: VolumeRecord): { volumeId: string; backend: string; before: 'managing' } {
  return { volumeId: id, backend, before: 'managing' };
}
