import type { ModelUpdate } from '@scoria/core';
import { toGiB } from '@scoria/core';
import type { VolumeRecord } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { findSnapshot, findVolume } from '../lookup.js';
import type { Caller } from '../requests.js';
import { everySnapshot } from '../views/every-page.js';
import type { DeleteVolumeParameters } from './delete-volume.js';
import { DeleteVolume, snapshotSubjects } from './delete-volume.js';
import { Desk } from './desk.js';
import type { ExtendVolumeParameters } from './extend-volume.js';
import { ExtendVolume } from './extend-volume.js';
import { invalidInput } from './refusals.js';
import { requireWholeGiB } from './request-checks.js';
import type { RevertVolumeParameters } from './revert-volume.js';
import { requireNewest, RevertVolume } from './revert-volume.js';
import type { Prepared } from './submission.js';
import { subjectOf } from './volume-state.js';

/** Turns requests that change a volume where it is into operations. */
@injectable()
export class VolumeChanges {
  constructor(
    @inject(Desk) private readonly desk: Desk,
    @inject(DeleteVolume) private readonly deleting: DeleteVolume,
    @inject(ExtendVolume) private readonly extending: ExtendVolume,
    @inject(RevertVolume) private readonly reverting: RevertVolume,
  ) {}

  async prepareDelete(
    caller: Caller,
    name: string,
    { cascade = false }: { readonly cascade?: boolean } = {},
  ): Promise<Prepared<DeleteVolumeParameters, undefined, VolumeRecord>> {
    const volume = await findVolume(this.desk.store, caller.projectId, name);
    await this.desk.checks.requireState('delete-volume', volume);
    const snapshots = cascade ? await everySnapshot(this.desk.store, { volumeId: volume.id }) : [];
    for (const snapshot of snapshots)
      await this.desk.checks.requireSnapshotState('delete-snapshot', snapshot);
    return {
      handler: this.deleting,
      parameters: { ...subjectOf(volume), snapshots: snapshotSubjects(snapshots), cascade },
      initial: { ...volume, status: 'deleting' },
    };
  }

  async prepareExtend(
    caller: Caller,
    name: string,
    newSizeBytes: number,
  ): Promise<Prepared<ExtendVolumeParameters, ModelUpdate, VolumeRecord>> {
    requireWholeGiB('the extended volume', newSizeBytes);
    const volume = await findVolume(this.desk.store, caller.projectId, name);
    const { id, sizeBytes, projectId } = volume;
    if (newSizeBytes <= sizeBytes) {
      throw invalidInput(
        `volume ${volume.name} (${id}) has ${toGiB(sizeBytes)} GiB and can only grow; ${toGiB(newSizeBytes)} GiB is not more`,
        { volume: id, sizeBytes },
      );
    }
    await this.desk.checks.requireState('extend-volume', volume);
    return {
      handler: this.extending,
      parameters: { ...subjectOf(volume), projectId, sizeBytes, newSizeBytes },
      initial: { ...volume, status: 'extending' },
    };
  }

  async prepareRevert(
    caller: Caller,
    name: string,
    snapshotName: string,
  ): Promise<Prepared<RevertVolumeParameters, ModelUpdate, VolumeRecord>> {
    const volume = await findVolume(this.desk.store, caller.projectId, name);
    const snapshot = await findSnapshot(this.desk.store, caller.projectId, snapshotName);
    if (snapshot.volumeId !== volume.id) {
      throw invalidInput(
        `snapshot ${snapshot.id} is of volume ${snapshot.volumeId}, not of ${volume.id}; name one of its own`,
      );
    }
    await this.desk.checks.requireState('revert-volume', volume);
    await this.desk.checks.requireSnapshotState('revert-volume', snapshot);
    const subject = { ...subjectOf(volume), snapshotId: snapshot.id, snapshotBefore: snapshot.status };
    await requireNewest(this.desk.store, subject);
    return { handler: this.reverting, parameters: subject, initial: { ...volume, status: 'reverting' } };
  }
}
