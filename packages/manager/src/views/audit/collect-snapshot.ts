import { METHOD_RULES } from '@scoria/core';
import type { VolumeStatus } from '@scoria/core';
import type { Claim, Records, VolumeRecord } from '@scoria/store';
import { injectable } from 'inversify';
import { driverVolumeOf } from '../../driver-objects.js';
import type { OperationHandler, OperationRun } from '../../engine/operation-handler.js';
import { ManagerError } from '../../errors.js';

export interface CollectSnapshot {
  readonly backend: string;
  readonly volumeId: string;
  readonly snapshotId: string;
}

const STATES: readonly VolumeStatus[] = METHOD_RULES.deleteSnapshot.states;

/** Deletes a snapshot of a known volume that nobody knows from its backend. */
@injectable()
export class CollectSnapshotHandler implements OperationHandler<CollectSnapshot, void> {
  readonly kind = 'collect-orphan-snapshot';
  readonly recovery = 'resume';

  backends({ backend }: CollectSnapshot): readonly string[] {
    return [backend];
  }

  claims({ volumeId, snapshotId }: CollectSnapshot): readonly Claim[] {
    return [
      { kind: 'snapshot', id: snapshotId, mode: 'exclusive' },
      { kind: 'volume', id: volumeId, mode: 'exclusive' },
    ];
  }

  async accept(records: Records, { backend, volumeId, snapshotId }: CollectSnapshot): Promise<void> {
    if ((await records.getSnapshot(snapshotId)) !== undefined) {
      throw refused(snapshotId, 'the records have it now');
    }
    const volume = await records.getVolume(volumeId);
    if (volume?.backend !== backend)
      throw refused(snapshotId, `volume ${volumeId} is not on ${backend} any more`);
    if (STATES.includes(volume.status)) return;
    throw refused(snapshotId, `volume ${volumeId} is ${volume.status}; it has to be ${STATES.join(' or ')}`);
  }

  async run({ backend, volumeId, snapshotId }: CollectSnapshot, run: OperationRun): Promise<void> {
    const record: VolumeRecord | undefined = await run.records.getVolume(volumeId);
    if (record === undefined) throw refused(snapshotId, `volume ${volumeId} is gone`);
    const volume = await driverVolumeOf(run.records, record);
    const { driver } = await run.backend(backend);
    await driver.deleteSnapshot(run.context, {
      id: snapshotId,
      name: snapshotId,
      volume,
      sizeBytes: volume.sizeBytes,
      providerMetadata: {},
    });
  }

  async succeed(): Promise<void> {
    // There never was a record.
  }

  async fail(): Promise<void> {
    // What is left of it is an orphan as before; the next audit finds it.
  }
}

function refused(snapshotId: string, why: string): ManagerError {
  return new ManagerError({
    code: 'conflict',
    message: `the orphan snapshot ${snapshotId} was not deleted: ${why}`,
    details: { snapshotId },
  });
}
