import type { ModelUpdate, ScoriaError } from '@scoria/core';
import type { Claim, Records } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { changesOf, driverVolumeOf } from '../driver-objects.js';
import type { OperationHandler, OperationRun } from '../engine/operation-handler.js';
import { Quotas } from '../placement/quotas.js';
import { beginOn } from './begin.js';
import { wholeVolume } from './claims.js';
import { changedMeanwhile } from './refusals.js';
import type { VolumeSubject } from './volume-state.js';
import { enterState, leaveInFailure, leaveInSuccess, volumeOf } from './volume-state.js';

export interface ExtendVolumeParameters extends VolumeSubject {
  readonly projectId: string;
  readonly sizeBytes: number;
  readonly newSizeBytes: number;
}

/** Grows a volume. Asking a driver again is a success where the volume has the size: so a death is gone on from. */
@injectable()
export class ExtendVolume implements OperationHandler<ExtendVolumeParameters, ModelUpdate> {
  readonly kind = 'extend-volume';
  readonly recovery = 'resume';

  constructor(@inject(Quotas) private readonly quotas: Quotas) {}

  backends({ backend }: ExtendVolumeParameters): readonly string[] {
    return [backend];
  }

  claims({ volumeId }: ExtendVolumeParameters): readonly Claim[] {
    return [wholeVolume(volumeId)];
  }

  async accept(records: Records, parameters: ExtendVolumeParameters): Promise<void> {
    const { volumeId, projectId, sizeBytes } = parameters;
    const volume = await enterState(records, this.kind, parameters);
    if (volume.sizeBytes !== sizeBytes) {
      throw changedMeanwhile('volume', volumeId, `it has ${volume.sizeBytes} bytes now`);
    }
    await this.quotas.reserve(records, projectId, { gigabytes: growthOf(parameters) });
  }

  async run(
    { volumeId, backend, before, newSizeBytes }: ExtendVolumeParameters,
    run: OperationRun,
  ): Promise<ModelUpdate> {
    const { driver } = await beginOn(run, backend);
    const record = await volumeOf(run.records, volumeId);
    const volume = await driverVolumeOf(run.records, record, before === 'in-use' ? before : record.status);
    return driver.extendVolume(run.context, volume, newSizeBytes);
  }

  async succeed(records: Records, parameters: ExtendVolumeParameters, update: ModelUpdate): Promise<void> {
    const { volumeId, newSizeBytes } = parameters;
    const changes = changesOf(update, await volumeOf(records, volumeId));
    await leaveInSuccess(records, this.kind, parameters, { ...changes, sizeBytes: newSizeBytes });
  }

  async fail(records: Records, parameters: ExtendVolumeParameters, error: ScoriaError): Promise<void> {
    await this.quotas.release(records, parameters.projectId, { gigabytes: growthOf(parameters) });
    await leaveInFailure(records, this.kind, parameters, error);
  }
}

function growthOf({ sizeBytes, newSizeBytes }: ExtendVolumeParameters): number {
  return newSizeBytes - sizeBytes;
}
