import type { Metadata, VolumeRecord } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { randomUUID } from 'node:crypto';
import { Desk } from './desk.js';
import type { Place } from './create-volume.js';
import type { MoveVolumeParameters } from './move-volume.js';
import { MigrateVolume, requireNoSnapshots, RetypeVolume } from './move-volume.js';
import { invalidInput } from './refusals.js';
import type { Prepared } from './submission.js';
import { VolumePlaces } from './volume-places.js';
import { subjectOf } from './volume-state.js';

type PreparedMove = Prepared<MoveVolumeParameters, undefined, VolumeRecord>;

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
    const parameters = { ...subjectOf(volume), temporary: this.#temporary(volume, place) };
    return { handler: this.migrating, parameters, initial: { ...volume, status: 'maintenance' } };
  }

  /** Only the type changes where the volume's backend is what the new one asks for. */
  async prepareRetype(volume: VolumeRecord, typeName: string): Promise<PreparedMove> {
    const type = await this.places.type(typeName);
    if (volume.typeId === type.id)
      throw invalidInput(`volume ${volume.id} has the type ${type.name} already`);
    await this.desk.checks.requireState('retype-volume', volume);
    const parameters = { ...subjectOf(volume), typeId: type.id };
    const initial = { ...volume, status: 'retyping' } as const;
    if (await this.places.fits(volume, type.extraSpecs))
      return { handler: this.retyping, parameters, initial };
    await requireNoSnapshots(this.desk.store, volume.id);
    const place = await this.#place(volume, { extraSpecs: type.extraSpecs });
    const temporary = this.#temporary(volume, place);
    return { handler: this.retyping, parameters: { ...parameters, temporary }, initial };
  }

  async #place(
    { sizeBytes, backend: current }: VolumeRecord,
    wanted: { readonly backend?: string; readonly extraSpecs?: Metadata },
  ): Promise<Place> {
    const [first] = await this.places.candidates({ sizeBytes, ...wanted }, current);
    return first;
  }

  /** Made on the target and never counted; after the switch the record stands for the old data. */
  #temporary({ id, projectId, sizeBytes }: VolumeRecord, place: Place): VolumeRecord {
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
      providerMetadata: {},
      metadata: {},
      countsInQuota: false,
      createdAt: at,
      updatedAt: at,
    };
  }
}
