import type { ModelUpdate } from '@scoria/core';
import type { VolumeRecord, VolumeTypeRecord } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { randomUUID } from 'node:crypto';
import { findSnapshot, findVolume } from '../lookup.js';
import type { Caller, CreateVolumeRequest } from '../requests.js';
import { Desk } from './desk.js';
import type { CreateVolumeParameters, Place } from './create-volume.js';
import { CreateVolume } from './create-volume.js';
import { invalidInput, onlyItsBackendClones } from './refusals.js';
import { requireDescription, requireRoomFor, requireWholeGiB } from './request-checks.js';
import type { Prepared } from './submission.js';
import { VolumePlaces } from './volume-places.js';
import type { VolumeSource } from './volume-source.js';
import { subjectOf } from './volume-state.js';

/** A source with what a new volume takes over from it. */
interface FoundSource {
  readonly source: VolumeSource;
  readonly description: string;
  readonly sizeBytes: number;
  readonly typeId: string | undefined;
  readonly provenance: Pick<VolumeRecord, 'sourceVolumeId' | 'sourceSnapshotId'>;
}

/** Turns a request for a new volume into an operation: source, type, size, and where it may go. */
@injectable()
export class VolumeCreation {
  constructor(
    @inject(Desk) private readonly desk: Desk,
    @inject(CreateVolume) private readonly handler: CreateVolume,
    @inject(VolumePlaces) private readonly places: VolumePlaces,
  ) {}

  /** @throws ManagerError: nothing is written */
  async prepare(
    caller: Caller,
    request: CreateVolumeRequest,
  ): Promise<Prepared<CreateVolumeParameters, ModelUpdate, VolumeRecord>> {
    requireDescription('the volume cannot be made', request);
    const found = await this.#source(caller, request);
    const sizeBytes = sizeOf(request, found);
    const type = await this.places.typeOrDefault(request.type ?? found?.typeId);
    const places = await this.places.candidates({
      sizeBytes,
      ...(type === undefined ? {} : { extraSpecs: type.extraSpecs }),
      ...(request.backend === undefined ? {} : { backend: request.backend }),
      ...(found === undefined ? {} : { near: found.source.backend }),
    });
    const candidates = await this.#possible(places, found?.source);
    const volume = {
      ...this.#record(caller, request, sizeBytes, type),
      ...candidates[0],
      ...found?.provenance,
    };
    const source = found === undefined ? {} : { source: found.source };
    return {
      handler: this.handler,
      parameters: { volume, ...source, candidates, attempt: 0 },
      initial: volume,
    };
  }

  /** What a guest writes to is copied by its own backend or not at all. */
  async #possible(
    places: readonly [Place, ...Place[]],
    source: VolumeSource | undefined,
  ): Promise<readonly [Place, ...Place[]]> {
    if (source?.kind !== 'volume' || source.before !== 'in-use') return places;
    const [own, ...others] = places.filter(({ backend }) => backend === source.backend);
    if (own === undefined || !(await this.desk.checks.has(source.backend, 'clone')))
      throw onlyItsBackendClones(source);
    return [own, ...others];
  }

  #record(
    { projectId }: Caller,
    { name, description, metadata }: CreateVolumeRequest,
    sizeBytes: number,
    type: VolumeTypeRecord | undefined,
  ): Omit<VolumeRecord, 'backend'> {
    const at = this.desk.timestamp();
    return {
      id: randomUUID(),
      name,
      ...(description === undefined ? {} : { description }),
      projectId,
      sizeBytes,
      status: 'creating',
      ...(type === undefined ? {} : { typeId: type.id }),
      providerMetadata: {},
      metadata: metadata ?? {},
      countsInQuota: true,
      createdAt: at,
      updatedAt: at,
    };
  }

  async #source(
    caller: Caller,
    { fromSnapshot, fromVolume }: CreateVolumeRequest,
  ): Promise<FoundSource | undefined> {
    if (fromSnapshot !== undefined && fromVolume !== undefined) {
      throw invalidInput(
        'a volume is made from a snapshot or from a volume, not from both; name one of them',
      );
    }
    if (fromSnapshot !== undefined) return this.#snapshotSource(caller, fromSnapshot);
    return fromVolume === undefined ? undefined : this.#volumeSource(caller, fromVolume);
  }

  async #snapshotSource({ projectId }: Caller, name: string): Promise<FoundSource> {
    const snapshot = await findSnapshot(this.desk.store, projectId, name);
    const { id, status, volumeId, sizeBytes } = snapshot;
    await this.desk.checks.requireSnapshotState('create-volume', snapshot);
    const { backend, typeId } = await findVolume(this.desk.store, projectId, volumeId);
    return {
      source: { kind: 'snapshot', volumeId, backend, snapshotId: id, snapshotBefore: status },
      description: `snapshot ${id}`,
      sizeBytes,
      typeId,
      provenance: { sourceSnapshotId: id },
    };
  }

  async #volumeSource({ projectId }: Caller, name: string): Promise<FoundSource> {
    const volume = await findVolume(this.desk.store, projectId, name);
    await this.desk.checks.requireState('clone-source', volume);
    const { id, sizeBytes, typeId } = volume;
    return {
      source: { kind: 'volume', ...subjectOf(volume) },
      description: `volume ${id}`,
      sizeBytes,
      typeId,
      provenance: { sourceVolumeId: id },
    };
  }
}

function sizeOf({ sizeBytes }: CreateVolumeRequest, found: FoundSource | undefined): number {
  if (sizeBytes === undefined) {
    if (found !== undefined) return found.sizeBytes;
    throw invalidInput('a volume without a source needs a size: a whole number of GiB');
  }
  requireWholeGiB('the volume', sizeBytes);
  if (found !== undefined) requireRoomFor(found.description, found.sizeBytes, sizeBytes);
  return sizeBytes;
}
