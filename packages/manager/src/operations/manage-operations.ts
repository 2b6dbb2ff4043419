import type { VolumeRecord } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { randomUUID } from 'node:crypto';
import { backendIdOf } from '../driver-objects.js';
import { ManagerError } from '../errors.js';
import { findVolume } from '../lookup.js';
import type { Caller, ManageVolumeRequest } from '../requests.js';
import { everyVolume } from '../views/every-page.js';
import type { Accepted } from '../volume-manager.js';
import { Desk } from './desk.js';
import { ManageVolume } from './manage-volume.js';
import { requireNoSnapshots } from './move-volume.js';
import { invalidInput } from './refusals.js';
import { requireDescription } from './request-checks.js';
import type { Prepared } from './submission.js';
import { UnmanageVolume } from './unmanage-volume.js';
import { subjectOf } from './volume-state.js';

const UUIDS = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

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
    const ids = Object.values(reference).flatMap((value) => value.match(UUIDS) ?? []);
    if (ids.length === 0) return;
    const volumes = await everyVolume(this.desk.store, { backend });
    const ours = volumes.find((volume) => ids.includes(backendIdOf(volume)));
    if (ours === undefined) return;
    throw new ManagerError({
      code: 'conflict',
      message: `${JSON.stringify(reference)} is the data of volume ${ours.id}, which is managed already`,
      details: { volume: ours.id },
    });
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

function requireReference(reference: unknown): void {
  const isObject = typeof reference === 'object' && reference !== null && !Array.isArray(reference);
  const values: unknown[] = isObject ? Object.values(reference) : [];
  if (values.length > 0 && values.every((value) => typeof value === 'string')) return;
  throw invalidInput('a reference names what is taken over, in pairs of text: { "source-name": "volume-1" }');
}
