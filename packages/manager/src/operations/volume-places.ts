import type { Capability } from '@scoria/core';
import type { Metadata, VolumeRecord, VolumeTypeRecord } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { Configuration } from '../configuration.js';
import type { PlacementRequest } from '../placement/place-volume.js';
import { Placement } from '../placement/placement-service.js';
import { VolumeTypes } from '../placement/volume-types.js';
import { BackendAccess } from '../views/backend-access.js';
import type { Place } from './create-volume.js';

/** Where volumes may go, by what their type asks for. */
@injectable()
export class VolumePlaces {
  constructor(
    @inject(Placement) private readonly placement: Placement,
    @inject(VolumeTypes) private readonly types: VolumeTypes,
    @inject(BackendAccess) private readonly backends: BackendAccess,
    @inject(Configuration) private readonly configuration: Configuration,
  ) {}

  /** @throws ManagerError `not-found` */
  async type(idOrName: string): Promise<VolumeTypeRecord> {
    return this.types.find(idOrName);
  }

  /** The type of a new volume: the wanted one, or the default, if there is one. */
  async typeOrDefault(wanted: string | undefined): Promise<VolumeTypeRecord | undefined> {
    const name = wanted ?? this.configuration.defaultVolumeType ?? '';
    return name === '' ? undefined : this.types.find(name);
  }

  /**
   * Best first; never none.
   * @throws ManagerError `no-backend`, `backend-down`, `not-found`
   */
  async candidates(request: PlacementRequest, except?: string): Promise<[Place, ...Place[]]> {
    const known = (await this.backends.known(request.backend)).filter(({ name }) => name !== except);
    const [first, ...others] = this.placement
      .candidates(known, request)
      .map(({ backend, pool }) => ({ backend, pool }));
    if (first === undefined) throw new Error('a placement gave neither a candidate nor a reason');
    return [first, ...others];
  }

  async hasCapability({ backend }: VolumeRecord, capability: Capability): Promise<boolean> {
    const current = (await this.backends.known(backend)).find(({ name }) => name === backend);
    return current?.capabilities.includes(capability) === true;
  }

  /** What the volume's backend lacks of what a type asks for; empty where it has all. */
  async problems({ backend }: VolumeRecord, extraSpecs: Metadata): Promise<readonly string[]> {
    const current = (await this.backends.known(backend)).find(({ name }) => name === backend);
    return current === undefined ? ['it is not enabled'] : this.placement.typeProblems(current, extraSpecs);
  }
}
