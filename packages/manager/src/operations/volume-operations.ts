import { VOLUME_STATUSES } from '@scoria/core';
import type { VolumeRecord } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { ManagerError } from '../errors.js';
import { findVolume } from '../lookup.js';
import type { Caller, CreateVolumeRequest, RetypeOptions } from '../requests.js';
import type { Accepted } from '../volume-manager.js';
import { Desk } from './desk.js';
import { wrongState } from './refusals.js';
import type { Described } from './request-checks.js';
import { requireDescription } from './request-checks.js';
import { RESETTABLE_STATES } from './states.js';
import type { Prepared } from './submission.js';
import { VolumeChanges } from './volume-changes.js';
import { VolumeCreation } from './volume-creation.js';
import { VolumeMoves } from './volume-moves.js';

/**
 * What is done to volumes. Each `prepare...` checks a request and says which operation it is: the same for carrying
 * it out and for a plan of it.
 */
@injectable()
export class VolumeOperations {
  constructor(
    @inject(Desk) private readonly desk: Desk,
    @inject(VolumeCreation) private readonly creation: VolumeCreation,
    @inject(VolumeMoves) private readonly moves: VolumeMoves,
    @inject(VolumeChanges) private readonly changes: VolumeChanges,
  ) {}

  async get({ projectId }: Caller, volume: string): Promise<VolumeRecord> {
    return findVolume(this.desk.store, projectId, volume);
  }

  async create(caller: Caller, request: CreateVolumeRequest): Promise<Accepted<VolumeRecord>> {
    return this.#submit(caller, await this.prepareCreate(caller, request));
  }

  async delete(
    caller: Caller,
    volume: string,
    options: { readonly cascade?: boolean } = {},
  ): Promise<Accepted<VolumeRecord>> {
    return this.#submit(caller, await this.prepareDelete(caller, volume, options));
  }

  async extend(caller: Caller, volume: string, newSizeBytes: number): Promise<Accepted<VolumeRecord>> {
    return this.#submit(caller, await this.prepareExtend(caller, volume, newSizeBytes));
  }

  async revert(caller: Caller, volume: string, snapshot: string): Promise<Accepted<VolumeRecord>> {
    return this.#submit(caller, await this.prepareRevert(caller, volume, snapshot));
  }

  async migrate(caller: Caller, volume: string, backend: string): Promise<Accepted<VolumeRecord>> {
    return this.#submit(caller, await this.prepareMigrate(caller, volume, backend));
  }

  async retype(
    caller: Caller,
    volume: string,
    type: string,
    options: RetypeOptions = {},
  ): Promise<Accepted<VolumeRecord>> {
    return this.#submit(caller, await this.prepareRetype(caller, volume, type, options));
  }

  async prepareCreate(caller: Caller, request: CreateVolumeRequest): ReturnType<VolumeCreation['prepare']> {
    return this.creation.prepare(caller, request);
  }

  async prepareDelete(
    caller: Caller,
    volume: string,
    options: { readonly cascade?: boolean } = {},
  ): ReturnType<VolumeChanges['prepareDelete']> {
    return this.changes.prepareDelete(caller, volume, options);
  }

  async prepareExtend(
    caller: Caller,
    volume: string,
    newSizeBytes: number,
  ): ReturnType<VolumeChanges['prepareExtend']> {
    return this.changes.prepareExtend(caller, volume, newSizeBytes);
  }

  async prepareRevert(
    caller: Caller,
    volume: string,
    snapshot: string,
  ): ReturnType<VolumeChanges['prepareRevert']> {
    return this.changes.prepareRevert(caller, volume, snapshot);
  }

  async prepareMigrate(
    caller: Caller,
    name: string,
    backend: string,
  ): ReturnType<VolumeMoves['prepareMigrate']> {
    return this.moves.prepareMigrate(await this.get(caller, name), backend);
  }

  async prepareRetype(
    caller: Caller,
    name: string,
    type: string,
    options: RetypeOptions = {},
  ): ReturnType<VolumeMoves['prepareRetype']> {
    return this.moves.prepareRetype(await this.get(caller, name), type, options);
  }

  /** Name, description, metadata (all of them anew). Possible in every state. */
  async update(caller: Caller, name: string, changes: Described): Promise<VolumeRecord> {
    requireDescription('the volume cannot be changed', changes);
    const { id } = await this.get(caller, name);
    const { name: newName, description, metadata } = changes;
    await this.desk.store.changeVolume(id, VOLUME_STATUSES, {
      ...(newName === undefined ? {} : { name: newName }),
      ...(description === undefined ? {} : { description }),
      ...(metadata === undefined ? {} : { metadata }),
    });
    return this.get(caller, id);
  }

  /**
   * Takes a volume out of an error state, or out of a passing one that no operation holds: to `in-use` where it has an
   * attachment, else to `available`.
   */
  async reset(caller: Caller, name: string): Promise<VolumeRecord> {
    const volume = await this.get(caller, name);
    await this.desk.store.transaction(async (records) => {
      await records.changeVolume(volume.id, VOLUME_STATUSES, {});
      const [holder] = await records.operationsHolding('volume', volume.id);
      if (holder !== undefined) throw heldBy(volume.id, holder);
      const attachments = await records.listAttachments(volume.id);
      const status = attachments.some((one) => one.status === 'attached') ? 'in-use' : 'available';
      const changed = await records.changeVolume(volume.id, RESETTABLE_STATES, {
        status,
        statusReason: undefined,
      });
      if (!changed) throw wrongState('volume', volume, 'resetting it', RESETTABLE_STATES);
    });
    return this.get(caller, volume.id);
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

function heldBy(
  volumeId: string,
  { id, kind, createdAt }: { id: string; kind: string; createdAt: string },
): ManagerError {
  return new ManagerError({
    code: 'conflict',
    message:
      `volume ${volumeId} was not reset: the operation ${kind} (${id}) has held it since ${createdAt}; ` +
      `wait for it (scoria operation watch ${id}) or cancel it`,
    details: { volume: volumeId, operationId: id, operation: kind },
  });
}
