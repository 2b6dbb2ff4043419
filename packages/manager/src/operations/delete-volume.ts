import type { ScoriaError, SnapshotStatus } from '@scoria/core';
import type { Claim, Records, SnapshotRecord } from '@scoria/store';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { driverSnapshotOf, driverVolumeOf } from '../driver-objects.js';
import type { OperationHandler, OperationRun } from '../engine/operation-handler.js';
import { everySnapshot } from '../views/every-page.js';
import { beginOn } from './begin.js';
import { wholeSnapshot, wholeVolume } from './claims.js';
import { asScoriaError } from './failure-code.js';
import { changedMeanwhile, hasDependents } from './refusals.js';
import type { SnapshotSubject } from './snapshot-state.js';
import { enterSnapshotState, leaveSnapshotUndeleted, removeSnapshot } from './snapshot-state.js';
import type { VolumeSubject } from './volume-state.js';
import { enterState, leaveInFailure, removeVolume, requireNoGuest, volumeOf } from './volume-state.js';

export interface DeleteVolumeParameters extends VolumeSubject {
  /** Those that go with it, newest first; none unless it is a cascade. */
  readonly snapshots: readonly SnapshotSubject[];
  readonly cascade: boolean;
}

/** Removes a volume, and its snapshots before it where that was asked for. Goes on where it was after a death. */
@injectable()
export class DeleteVolume implements OperationHandler<DeleteVolumeParameters, undefined> {
  readonly kind = 'delete-volume';
  readonly recovery = 'resume';

  constructor(@inject(Store) private readonly store: Store) {}

  backends({ backend }: DeleteVolumeParameters): readonly string[] {
    return [backend];
  }

  claims({ volumeId, snapshots }: DeleteVolumeParameters): readonly Claim[] {
    return [wholeVolume(volumeId), ...snapshots.map(({ snapshotId }) => wholeSnapshot(snapshotId))];
  }

  async accept(records: Records, parameters: DeleteVolumeParameters): Promise<void> {
    await enterState(records, this.kind, parameters);
    await requireNoGuest(records, parameters);
    await requireKnownSnapshots(records, parameters);
    for (const snapshot of parameters.snapshots) await enterSnapshotState(records, snapshot, 'deleting');
  }

  async run(parameters: DeleteVolumeParameters, run: OperationRun): Promise<undefined> {
    const { driver } = await beginOn(run, parameters.backend);
    for (const snapshot of parameters.snapshots) await this.#deleteSnapshot(parameters, snapshot, run);
    const volume = await run.records.getVolume(parameters.volumeId);
    if (volume !== undefined)
      await driver.deleteVolume(run.context, await driverVolumeOf(run.records, volume));
    return undefined;
  }

  async succeed(records: Records, { volumeId }: DeleteVolumeParameters): Promise<void> {
    await removeVolume(records, volumeId);
  }

  async fail(records: Records, parameters: DeleteVolumeParameters, error: ScoriaError): Promise<void> {
    await leaveInFailure(records, this.kind, parameters, error);
    for (const { snapshotId, snapshotBefore } of parameters.snapshots) {
      await records.changeSnapshot(snapshotId, ['deleting'], { status: snapshotBefore });
    }
  }

  /** One that is gone from the records was deleted before the process died. */
  async #deleteSnapshot(
    parameters: DeleteVolumeParameters,
    subject: SnapshotSubject,
    run: OperationRun,
  ): Promise<void> {
    const { driver } = await run.backend(parameters.backend);
    const record = await run.records.getSnapshot(subject.snapshotId);
    if (record === undefined) return;
    const volume = await volumeOf(run.records, parameters.volumeId);
    try {
      await driver.deleteSnapshot(run.context, await driverSnapshotOf(run.records, record, volume));
    } catch (error) {
      await this.store.transaction((records) =>
        leaveSnapshotUndeleted(records, subject, asScoriaError(error)),
      );
      throw error;
    }
    await this.store.transaction((records) => removeSnapshot(records, subject.snapshotId));
  }
}

/** Newest first, as they are to be deleted. */
export function snapshotSubjects(snapshots: readonly SnapshotRecord[]): SnapshotSubject[] {
  return snapshots.map(({ id, status }): { snapshotId: string; snapshotBefore: SnapshotStatus } => ({
    snapshotId: id,
    snapshotBefore: status,
  }));
}

async function requireKnownSnapshots(
  records: Records,
  { volumeId, snapshots, cascade }: DeleteVolumeParameters,
): Promise<void> {
  const present = await everySnapshot(records, { volumeId });
  const unknown = present.filter(({ id }) => !snapshots.some(({ snapshotId }) => snapshotId === id));
  if (unknown.length === 0) return;
  const ids = unknown.map(({ id }) => id);
  if (cascade) throw changedMeanwhile('volume', volumeId, `it has the snapshot ${ids.join(', ')} now`);
  throw hasDependents(
    `volume ${volumeId} has ${ids.length} snapshot(s), ${ids.join(', ')}; delete them first, or ask for a cascade`,
    ids,
  );
}
