import type { ModelUpdate } from '@scoria/core';
import { wantsMultiattach } from '@scoria/core';
import type { Metadata, VolumeRecord, VolumeTypeRecord } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { randomUUID } from 'node:crypto';
import { driverTypeOf } from '../driver-objects.js';
import { ManagerError } from '../errors.js';
import type { RetypeOptions } from '../requests.js';
import { Desk } from './desk.js';
import type { Place } from './create-volume.js';
import type { MoveVolumeParameters } from './move-volume.js';
import { MigrateVolume, requireNoSnapshots, RetypeVolume } from './move-volume.js';
import { invalidInput } from './refusals.js';
import type { Prepared } from './submission.js';
import { VolumePlaces } from './volume-places.js';
import { subjectOf } from './volume-state.js';

type PreparedMove = Prepared<MoveVolumeParameters, ModelUpdate | undefined, VolumeRecord>;

interface Wanted {
  readonly volume: VolumeRecord;
  readonly type: VolumeTypeRecord;
  readonly mayMove: boolean;
}

/** How a volume gets another type. */
type Way = Pick<MoveVolumeParameters, 'inPlace' | 'temporary'>;

/** Works out where a volume is to go, for a migration and for another type. */
@injectable()
export class VolumeMoves {
  constructor(
    @inject(Desk) private readonly desk: Desk,
    @inject(VolumePlaces) private readonly places: VolumePlaces,
    @inject(MigrateVolume) private readonly migrating: MigrateVolume,
    @inject(RetypeVolume) private readonly retyping: RetypeVolume,
  ) {}

  async prepareMigrate(volume: VolumeRecord, backend: string): Promise<PreparedMove> {
    if (volume.backend === backend) {
      throw invalidInput(`volume ${volume.id} is on backend ${backend} already; name another one`);
    }
    await this.desk.checks.requireState('migrate-volume', volume);
    await requireNoSnapshots(this.desk.store, volume.id);
    const place = await this.#place(volume, { backend });
    const temporary = this.#temporary(volume, place, volume.typeId);
    const parameters = { ...subjectOf(volume), temporary };
    return { handler: this.migrating, parameters, initial: { ...volume, status: 'maintenance' } };
  }

  /** Where its backend is what the new type asks for, the volume stays, as far as its driver can change it there. */
  async prepareRetype(
    volume: VolumeRecord,
    typeName: string,
    { migrationPolicy = 'never' }: RetypeOptions = {},
  ): Promise<PreparedMove> {
    const type = await this.places.type(typeName);
    if (volume.typeId === type.id)
      throw invalidInput(`volume ${volume.id} has the type ${type.name} already`);
    await this.desk.checks.requireState('retype-volume', volume);
    await this.#requireAlone(volume, type);
    const wanted = { volume, type, mayMove: migrationPolicy === 'on-demand' };
    const problems = await this.places.problems(volume, type.extraSpecs);
    const way = problems.length === 0 ? await this.#inPlace(wanted) : await this.#moved(wanted, problems);
    return {
      handler: this.retyping,
      parameters: { ...subjectOf(volume), typeId: type.id, ...way },
      initial: { ...volume, status: 'retyping' },
    };
  }

  /** A driver that makes nothing of types has nothing to change. */
  async #inPlace({ volume, type, mayMove }: Wanted): Promise<Way> {
    if (!(await this.places.hasCapability(volume, 'retype'))) return {};
    if (!mayMove || volume.status !== 'available') return { inPlace: true };
    const place = await this.#placeIfAny(volume, type.extraSpecs);
    return {
      inPlace: true,
      ...(place === undefined ? {} : { temporary: this.#temporary(volume, place, type.id) }),
    };
  }

  async #moved({ volume, type, mayMove }: Wanted, problems: readonly string[]): Promise<Way> {
    if (!mayMove) throw hasToMove(volume, type, problems);
    if (volume.status === 'in-use') throw await this.desk.checks.inUse('retype-volume', volume);
    await requireNoSnapshots(this.desk.store, volume.id);
    const place = await this.#place(volume, { extraSpecs: type.extraSpecs });
    return { temporary: this.#temporary(volume, place, type.id) };
  }

  /** How many guests may have a volume does not change while one has it. */
  async #requireAlone(volume: VolumeRecord, type: VolumeTypeRecord): Promise<void> {
    if (volume.status !== 'in-use') return;
    const current = await driverTypeOf(this.desk.store, volume.typeId);
    if (wantsMultiattach(current) === wantsMultiattach(type)) return;
    throw await this.desk.checks.inUse('retype-volume', volume);
  }

  async #placeIfAny(volume: VolumeRecord, extraSpecs: Metadata): Promise<Place | undefined> {
    try {
      return await this.#place(volume, { extraSpecs });
    } catch (error) {
      if (error instanceof ManagerError && error.code === 'no-backend') return undefined;
      throw error;
    }
  }

  async #place(
    { sizeBytes, backend: current }: VolumeRecord,
    wanted: { readonly backend?: string; readonly extraSpecs?: Metadata },
  ): Promise<Place> {
    const [first] = await this.places.candidates({ sizeBytes, ...wanted }, current);
    return first;
  }

  /** Made on the target and never counted; after the switch the record stands for the old data. */
  #temporary(
    { id, projectId, sizeBytes }: VolumeRecord,
    place: Place,
    typeId: string | undefined,
  ): VolumeRecord {
    const at = this.desk.timestamp();
    return {
      id: randomUUID(),
      // Not the volume's own name: that is to name one volume all the while.
      name: `move-${id}`,
      description: `made to move volume ${id}`,
      projectId,
      sizeBytes,
      status: 'creating',
      ...place,
      ...(typeId === undefined ? {} : { typeId }),
      providerMetadata: {},
      metadata: {},
      countsInQuota: false,
      createdAt: at,
      updatedAt: at,
    };
  }
}

function hasToMove(
  { id, backend }: VolumeRecord,
  type: VolumeTypeRecord,
  problems: readonly string[],
): ManagerError {
  return new ManagerError({
    code: 'not-supported',
    message:
      `volume ${id} would have to move to get the type ${type.name}, for backend ${backend} is not what that asks for: ` +
      `${problems.join(', ')}; allow it with the migration policy on-demand`,
    details: { volume: id, backend, type: type.id },
  });
}
