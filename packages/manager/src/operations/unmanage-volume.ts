import type { ScoriaError } from '@scoria/core';
import type { Claim, Records } from '@scoria/store';
import { injectable } from 'inversify';
import { driverVolumeOf } from '../driver-objects.js';
import type { OperationHandler, OperationRun } from '../engine/operation-handler.js';
import { beginOn } from './begin.js';
import { wholeVolume } from './claims.js';
import { requireNoSnapshots } from './move-volume.js';
import type { VolumeSubject } from './volume-state.js';
import { enterState, leaveInFailure, removeVolume, requireNoGuest, volumeOf } from './volume-state.js';

/** Forgets a volume; its data stays on the backend. */
@injectable()
export class UnmanageVolume implements OperationHandler<VolumeSubject, undefined> {
  readonly kind = 'unmanage-volume';
  readonly recovery = 'resume';

  backends({ backend }: VolumeSubject): readonly string[] {
    return [backend];
  }

  claims({ volumeId }: VolumeSubject): readonly Claim[] {
    return [wholeVolume(volumeId)];
  }

  async accept(records: Records, subject: VolumeSubject): Promise<void> {
    await enterState(records, this.kind, subject);
    await requireNoGuest(records, subject);
    await requireNoSnapshots(records, subject.volumeId);
  }

  async run({ backend, volumeId }: VolumeSubject, run: OperationRun): Promise<undefined> {
    const { driver } = await beginOn(run, backend);
    const volume = await volumeOf(run.records, volumeId);
    await driver.unmanage(run.context, await driverVolumeOf(run.records, volume));
    return undefined;
  }

  async succeed(records: Records, { volumeId }: VolumeSubject): Promise<void> {
    await removeVolume(records, volumeId);
  }

  async fail(records: Records, subject: VolumeSubject, error: ScoriaError): Promise<void> {
    await leaveInFailure(records, this.kind, subject, error);
  }
}
