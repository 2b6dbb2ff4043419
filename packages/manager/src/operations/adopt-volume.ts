import type { AdoptableVolume, ModelUpdate } from '@scoria/core';
import type { Claim, Records, SnapshotRecord, VolumeRecord } from '@scoria/store';
import { inject, injectable } from 'inversify';
import type { OperationHandler, OperationRun } from '../engine/operation-handler.js';
import { ManagerError } from '../errors.js';
import { Quotas } from '../placement/quotas.js';
import { beginOn } from './begin.js';
import { wholeSnapshot, wholeVolume } from './claims.js';
import { removeSnapshot } from './snapshot-state.js';
import { leaveInSuccess, removeVolume, storedUpdate, volumeOf } from './volume-state.js';

export interface AdoptVolumeParameters {
  readonly found: AdoptableVolume;
  /** What is inserted when it is accepted: with the ids that were found. */
  readonly volume: VolumeRecord;
  readonly snapshots: readonly SnapshotRecord[];
}

/** Takes over one volume that another program wrote, with its snapshots. Drivers may be asked again. */
@injectable()
export class AdoptVolume implements OperationHandler<AdoptVolumeParameters, ModelUpdate> {
  readonly kind = 'adopt-volume';
  readonly recovery = 'resume';

  constructor(@inject(Quotas) private readonly quotas: Quotas) {}

  backends({ volume }: AdoptVolumeParameters): readonly string[] {
    return [volume.backend];
  }

  claims({ volume, snapshots }: AdoptVolumeParameters): readonly Claim[] {
    return [wholeVolume(volume.id), ...snapshots.map(({ id }) => wholeSnapshot(id))];
  }

  async accept(records: Records, { volume, snapshots }: AdoptVolumeParameters): Promise<void> {
    await requireUnknown(records, volume, snapshots);
    const sizes = [volume, ...snapshots].map(({ sizeBytes }) => sizeBytes);
    await this.quotas.reserve(records, volume.projectId, {
      volumes: 1,
      snapshots: snapshots.length,
      gigabytes: sizes.reduce((sum, size) => sum + size, 0),
    });
    await records.insertVolume(volume);
    for (const snapshot of snapshots) await records.insertSnapshot(snapshot);
  }

  async run({ volume, found }: AdoptVolumeParameters, run: OperationRun): Promise<ModelUpdate> {
    const { driver } = await beginOn(run, volume.backend);
    return driver.adopt(run.context, found);
  }

  async succeed(records: Records, parameters: AdoptVolumeParameters, update: ModelUpdate): Promise<void> {
    const { volume, snapshots } = parameters;
    const changes = await storedUpdate(records, await volumeOf(records, volume.id), update);
    const subject = { volumeId: volume.id, backend: volume.backend, before: 'managing' } as const;
    await leaveInSuccess(records, this.kind, subject, changes);
    for (const { id } of snapshots) await records.changeSnapshot(id, ['creating'], { status: 'available' });
  }

  /** What could not be taken over is as it was: it can be found and tried again. */
  async fail(records: Records, { volume, snapshots }: AdoptVolumeParameters): Promise<void> {
    for (const { id } of snapshots) await removeSnapshot(records, id);
    await removeVolume(records, volume.id);
  }
}

async function requireUnknown(
  records: Records,
  volume: VolumeRecord,
  snapshots: readonly SnapshotRecord[],
): Promise<void> {
  const known: string[] = [];
  if ((await records.getVolume(volume.id)) !== undefined) known.push(`volume ${volume.id}`);
  for (const { id } of snapshots) {
    if ((await records.getSnapshot(id)) !== undefined) known.push(`snapshot ${id}`);
  }
  if (known.length === 0) return;
  throw new ManagerError({
    code: 'conflict',
    message: `volume ${volume.id} was not adopted, because the records have it already: ${known.join(', ')}`,
    details: { volume: volume.id, known },
  });
}
