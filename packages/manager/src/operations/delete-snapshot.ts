import type { ScoriaError } from '@scoria/core';
import type { Claim, Records } from '@scoria/store';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { driverSnapshotOf } from '../driver-objects.js';
import type { OperationHandler, OperationRun } from '../engine/operation-handler.js';
import { beginOn } from './begin.js';
import { sharedVolume, wholeSnapshot } from './claims.js';
import { connectionsAgain } from './connections-again.js';
import type { SnapshotSubject } from './snapshot-state.js';
import { enterSnapshotState, leaveSnapshotUndeleted, removeSnapshot } from './snapshot-state.js';
import type { VolumeSubject } from './volume-state.js';
import { enterState, volumeOf } from './volume-state.js';

export type DeleteSnapshotParameters = VolumeSubject & SnapshotSubject;

/** Removes a snapshot. Drivers take one that is gone for a success: so a death is gone on from. */
@injectable()
export class DeleteSnapshot implements OperationHandler<DeleteSnapshotParameters, undefined> {
  readonly kind = 'delete-snapshot';
  readonly recovery = 'resume';

  constructor(@inject(Store) private readonly store: Store) {}

  backends({ backend }: DeleteSnapshotParameters): readonly string[] {
    return [backend];
  }

  claims({ volumeId, snapshotId }: DeleteSnapshotParameters): readonly Claim[] {
    return [sharedVolume(volumeId), wholeSnapshot(snapshotId)];
  }

  async accept(records: Records, parameters: DeleteSnapshotParameters): Promise<void> {
    await enterState(records, this.kind, parameters);
    await enterSnapshotState(records, parameters, 'deleting');
  }

  async run(parameters: DeleteSnapshotParameters, run: OperationRun): Promise<undefined> {
    const { backend, volumeId, snapshotId } = parameters;
    const { driver } = await beginOn(run, backend);
    const snapshot = await run.records.getSnapshot(snapshotId);
    if (snapshot === undefined) return undefined;
    const volume = await volumeOf(run.records, volumeId);
    await driver.deleteSnapshot(run.context, await driverSnapshotOf(run.records, snapshot, volume));
    await connectionsAgain(this.store, run, parameters);
    return undefined;
  }

  /** Nothing can be put back; but a deletion that failed may have changed what a guest has to open. */
  async undo(parameters: DeleteSnapshotParameters, run: OperationRun): Promise<void> {
    await connectionsAgain(this.store, run, parameters);
  }

  async succeed(records: Records, { snapshotId }: DeleteSnapshotParameters): Promise<void> {
    await removeSnapshot(records, snapshotId);
  }

  async fail(records: Records, parameters: DeleteSnapshotParameters, error: ScoriaError): Promise<void> {
    await leaveSnapshotUndeleted(records, parameters, error);
  }
}
