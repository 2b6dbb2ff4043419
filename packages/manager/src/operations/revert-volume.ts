import type { ModelUpdate, ScoriaError, Snapshot, Volume } from '@scoria/core';
import { isDriverError } from '@scoria/core';
import type { Claim, Records } from '@scoria/store';
import { injectable } from 'inversify';
import { copyBack } from '../data/copy-data.js';
import { driverVolumeOf, toDriverSnapshot } from '../driver-objects.js';
import type { OperationBackend, OperationHandler, OperationRun } from '../engine/operation-handler.js';
import { everySnapshot } from '../views/every-page.js';
import { beginOn } from './begin.js';
import { wholeSnapshot, wholeVolume } from './claims.js';
import { hasDependents } from './refusals.js';
import type { SnapshotSubject } from './snapshot-state.js';
import { enterSnapshotState, snapshotOf } from './snapshot-state.js';
import type { VolumeSubject } from './volume-state.js';
import { enterState, leaveInFailure, leaveInSuccess, storedUpdate, volumeOf } from './volume-state.js';

export type RevertVolumeParameters = VolumeSubject & SnapshotSubject;

/**
 * Puts a volume back to its newest snapshot: by the backend, or else by copying the snapshot's data over the volume's.
 * Both can be done again from the beginning.
 */
@injectable()
export class RevertVolume implements OperationHandler<RevertVolumeParameters, ModelUpdate> {
  readonly kind = 'revert-volume';
  readonly recovery = 'resume';

  backends({ backend }: RevertVolumeParameters): readonly string[] {
    return [backend];
  }

  claims({ volumeId, snapshotId }: RevertVolumeParameters): readonly Claim[] {
    return [wholeVolume(volumeId), wholeSnapshot(snapshotId)];
  }

  async accept(records: Records, parameters: RevertVolumeParameters): Promise<void> {
    await enterState(records, this.kind, parameters);
    await enterSnapshotState(records, parameters);
    await requireNewest(records, parameters);
  }

  async run(parameters: RevertVolumeParameters, run: OperationRun): Promise<ModelUpdate> {
    const backend = await beginOn(run, parameters.backend);
    const record = await volumeOf(run.records, parameters.volumeId);
    const volume = await driverVolumeOf(run.records, record);
    const snapshot = toDriverSnapshot(await snapshotOf(run.records, parameters.snapshotId), volume);
    return (
      (await revertedByBackend(backend, run, volume, snapshot)) ??
      (await revertedByCopy(backend, run, volume, snapshot))
    );
  }

  async succeed(records: Records, parameters: RevertVolumeParameters, update: ModelUpdate): Promise<void> {
    const volume = await volumeOf(records, parameters.volumeId);
    await leaveInSuccess(records, this.kind, parameters, await storedUpdate(records, volume, update));
  }

  async fail(records: Records, parameters: RevertVolumeParameters, error: ScoriaError): Promise<void> {
    await leaveInFailure(records, this.kind, parameters, error);
  }
}

async function revertedByBackend(
  { driver }: OperationBackend,
  run: OperationRun,
  volume: Volume,
  snapshot: Snapshot,
): Promise<ModelUpdate | undefined> {
  try {
    return await driver.revertToSnapshot(run.context, volume, snapshot);
  } catch (error) {
    if (isDriverError(error, 'not-supported')) return undefined;
    throw error;
  }
}

async function revertedByCopy(
  { driver }: OperationBackend,
  run: OperationRun,
  volume: Volume,
  snapshot: Snapshot,
): Promise<ModelUpdate> {
  const from = { driver, target: { kind: 'snapshot', snapshot } } as const;
  await copyBack(run.context, from, { driver, target: { kind: 'volume', volume } });
  return {};
}

/** What was never taken (`error`) holds nothing; what was taken after the snapshot would lose what it is based on. */
export async function requireNewest(
  records: Pick<Records, 'listSnapshots'>,
  { volumeId, snapshotId }: Pick<RevertVolumeParameters, 'volumeId' | 'snapshotId'>,
): Promise<void> {
  const snapshots = await everySnapshot(records, { volumeId });
  const index = snapshots.findIndex(({ id }) => id === snapshotId);
  const at = snapshots[index]?.createdAt;
  const newer = snapshots
    .slice(0, index)
    .filter(({ status, createdAt }) => status !== 'error' && createdAt !== at);
  if (newer.length === 0) return;
  const ids = newer.map(({ id }) => id);
  throw hasDependents(
    `volume ${volumeId} can only be put back to its newest snapshot, and ${ids.join(', ')} ` +
      `came after ${snapshotId}; delete what is newer first`,
    ids,
  );
}
