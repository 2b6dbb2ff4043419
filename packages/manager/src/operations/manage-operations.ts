import type { VolumeRecord } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { randomUUID } from 'node:crypto';
import { backendIdOf } from '../driver-objects.js';
import { findVolume } from '../lookup.js';
import type { Caller, ManageVolumeRequest } from '../requests.js';
import { everyVolume } from '../views/every-page.js';
import type { Accepted } from '../volume-manager.js';
import { Desk } from './desk.js';
import { idsIn, isManaged, requireReference } from './manage-requests.js';
import { ManageVolume } from './manage-volume.js';
import { requireNoSnapshots } from './move-volume.js';
import { requireDescription } from './request-checks.js';
import type { Prepared } from './submission.js';
import { UnmanageVolume } from './unmanage-volume.js';
import { subjectOf } from './volume-state.js';

/** Takes volumes over that are on a backend already, and lets them go. */
@injectable()
export class ManageOperations {
  constructor(
    @inject(Desk) private readonly desk: Desk,
    @inject(ManageVolume) private readonly managing: ManageVolume,
    @inject(UnmanageVolume) private readonly unmanaging: UnmanageVolume,
  ) {}

  async manage(caller: Caller, request: ManageVolumeRequest): Promise<Accepted<VolumeRecord>> {
    const { backend, reference, name } = request;
    requireDescription('the volume cannot be taken over', { name });
    requireReference(reference);
    await this.desk.checks.requireCapability(backend, 'manage', 'take volumes over');
    await this.#requireNotOurs(backend, reference);
    const volume = this.#record(caller, { id: randomUUID(), name, backend, sizeBytes: 0 });
    const parameters = { volume, reference };
    return this.#submit(caller, { handler: this.managing, parameters, initial: volume });
  }

  async unmanage(caller: Caller, name: string): Promise<Accepted<VolumeRecord>> {
    const volume = await findVolume(this.desk.store, caller.projectId, name);
    await this.desk.checks.requireState('unmanage-volume', volume);
    await requireNoSnapshots(this.desk.store, volume.id);
    await this.desk.checks.requireCapability(volume.backend, 'manage', 'let volumes go');
    const initial = { ...volume, status: 'deleting' } as const;
    return this.#submit(caller, { handler: this.unmanaging, parameters: subjectOf(volume), initial });
  }

  #record(
    { projectId }: Caller,
    fields: Pick<VolumeRecord, 'id' | 'name' | 'backend' | 'sizeBytes'>,
  ): VolumeRecord {
    const at = this.desk.timestamp();
    return {
      ...fields,
      projectId,
      status: 'managing',
      providerMetadata: {},
      metadata: {},
      countsInQuota: true,
      createdAt: at,
      updatedAt: at,
    };
  }

  /** A reference that bears the id of one of our volumes names what we have; drivers do not know our records. */
  async #requireNotOurs(backend: string, reference: ManageVolumeRequest['reference']): Promise<void> {
    const ids = idsIn(reference);
    if (ids.length === 0) return;
    const volumes = await everyVolume(this.desk.store, { backend });
    const ours = volumes.find((volume) => ids.includes(backendIdOf(volume)));
    if (ours !== undefined) throw isManaged(reference, 'volume', ours);
  }

  async #submit<P extends object, R>(
    caller: Caller,
    prepared: Prepared<P, R, VolumeRecord>,
  ): Promise<Accepted<VolumeRecord>> {
    return this.desk.submission.submit(caller, prepared, () =>
      this.desk.store.getVolume(prepared.initial.id),
    );
  }
}
