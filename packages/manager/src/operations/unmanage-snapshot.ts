import type { ScoriaError } from '@scoria/core';
import type { Claim, Records } from '@scoria/store';
import { injectable } from 'inversify';
import { driverSnapshotOf } from '../driver-objects.js';
import type { OperationHandler, OperationRun } from '../engine/operation-handler.js';
import { beginOn } from './begin.js';
import { sharedVolume, wholeSnapshot } from './claims.js';
import type { SnapshotSubject } from './snapshot-state.js';
import { enterSnapshotState, removeSnapshot, snapshotOf } from './snapshot-state.js';
import { SNAPSHOT_STATES, stateAfterFailure } from './states.js';
import type { VolumeSubject } from './volume-state.js';
import { enterState, volumeOf } from './volume-state.js';

export type UnmanageSnapshotParameters = VolumeSubject & SnapshotSubject;

/** Forgets a snapshot; it stays on the backend. */
@injectable()
export class UnmanageSnapshot implements OperationHandler<UnmanageSnapshotParameters, undefined> {
  readonly kind = 'unmanage-snapshot';
  readonly recovery = 'resume';

  backends({ backend }: UnmanageSnapshotParameters): readonly string[] {
    return [backend];
  }

  claims({ volumeId, snapshotId }: UnmanageSnapshotParameters): readonly Claim[] {
    return [sharedVolume(volumeId), wholeSnapshot(snapshotId)];
  }

  async accept(records: Records, parameters: UnmanageSnapshotParameters): Promise<void> {
    await enterState(records, this.kind, parameters);
    await enterSnapshotState(records, parameters, 'deleting');
  }

  async run(
    { backend, volumeId, snapshotId }: UnmanageSnapshotParameters,
    run: OperationRun,
  ): Promise<undefined> {
    const { driver } = await beginOn(run, backend);
    const volume = await volumeOf(run.records, volumeId);
    const snapshot = await snapshotOf(run.records, snapshotId);
    await driver.unmanageSnapshot(run.context, await driverSnapshotOf(run.records, snapshot, volume));
    return undefined;
  }

  async succeed(records: Records, { snapshotId }: UnmanageSnapshotParameters): Promise<void> {
    await removeSnapshot(records, snapshotId);
  }

  async fail(records: Records, parameters: UnmanageSnapshotParameters, error: ScoriaError): Promise<void> {
    const { snapshotId, snapshotBefore } = parameters;
    const status = stateAfterFailure(SNAPSHOT_STATES[this.kind], snapshotBefore, error);
    if (status === 'gone') return;
    await records.changeSnapshot(snapshotId, ['deleting'], { status, statusReason: error.message });
  }
}
