import type { AdoptableVolume } from '@scoria/core';
import { Clock } from '@scoria/core';
import type { SnapshotRecord, VolumeRecord } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { AdoptVolume } from '../operations/adopt-volume.js';
import type { Caller } from '../requests.js';
import { OperationSubmitter } from './operation-submitter.js';
import type { VolumeAdopter } from './volume-adopter.js';

/** Adopts volumes by the operation for it. They are named after their ids, as a backend does not know their names. */
@injectable()
export class OperationVolumeAdopter implements VolumeAdopter {
  constructor(
    @inject(Clock) private readonly clock: Clock,
    @inject(OperationSubmitter) private readonly engine: OperationSubmitter,
    @inject(AdoptVolume) private readonly handler: AdoptVolume,
  ) {}

  async adoptVolume(caller: Caller, backend: string, found: AdoptableVolume): Promise<void> {
    const volume = this.#volume(caller, backend, found);
    const snapshots = this.#snapshots(volume, found);
    const { done } = await this.engine.submit(this.handler, { found, volume, snapshots }, caller);
    await done;
  }

  #volume({ projectId }: Caller, backend: string, found: AdoptableVolume): VolumeRecord {
    const { id, sizeBytes, providerLocation, providerMetadata } = found;
    return {
      ...this.#common(id, projectId, 0),
      backend,
      sizeBytes,
      status: 'managing',
      providerLocation,
      providerMetadata,
    };
  }

  /** A millisecond between them, so that they are listed in the order they were taken. */
  #snapshots({ id: volumeId, projectId }: VolumeRecord, { snapshots }: AdoptableVolume): SnapshotRecord[] {
    return snapshots.map(({ id, sizeBytes, providerMetadata }, index) => ({
      ...this.#common(id, projectId, index - snapshots.length),
      volumeId,
      sizeBytes,
      status: 'creating',
      providerMetadata,
    }));
  }

  #common(
    id: string,
    projectId: string,
    shiftMs: number,
  ): Pick<
    VolumeRecord,
    'id' | 'name' | 'projectId' | 'metadata' | 'countsInQuota' | 'createdAt' | 'updatedAt'
  > {
    const at = new Date(this.clock.now() + shiftMs).toISOString();
    return { id, name: id, projectId, metadata: {}, countsInQuota: true, createdAt: at, updatedAt: at };
  }
}
