import type { AdoptableVolume } from '@scoria/core';
import { ScoriaError } from '@scoria/core';
import type { VolumeRecord } from '@scoria/store';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { backendIdOf } from '../driver-objects.js';
import { ManagerError } from '../errors.js';
import type { Caller } from '../requests.js';
import type { AdoptionReport } from '../views.js';
import { BackendAccess } from './backend-access.js';
import { driverFailure } from './driver-failure.js';
import { everyVolume } from './every-page.js';
import { ViewContexts } from './view-context.js';
import { VolumeAdopter } from './volume-adopter.js';

type Refused = AdoptionReport['refused'][number];

/** Takes over what another program wrote on a backend. */
@injectable()
export class AdoptionService {
  constructor(
    @inject(Store) private readonly store: Store,
    @inject(BackendAccess) private readonly backends: BackendAccess,
    @inject(ViewContexts) private readonly contexts: ViewContexts,
    @inject(VolumeAdopter) private readonly adopter: VolumeAdopter,
  ) {}

  /** See `VolumeManager.adoptBackend`. One volume that cannot be adopted does not stop the others. */
  async adopt(caller: Caller, backend: string, { dryRun = false } = {}): Promise<AdoptionReport> {
    const found = await this.#find(caller, backend);
    // Read after the listing: whatever is on the backend by a manager has its record by then.
    const known = await everyVolume(this.store);
    const driverIds = new Set(known.map(backendIdOf));
    const unknown = found.filter(({ id }) => !driverIds.has(id));
    const refused: Refused[] = [];
    const adopted: AdoptableVolume[] = [];
    for (const volume of unknown) {
      const problems = [...volume.problems, ...takenIds(volume, known)];
      const failure = problems.length === 0 && !dryRun ? await this.#adoptOne(caller, backend, volume) : [];
      if (problems.length === 0 && failure.length === 0) adopted.push(volume);
      else refused.push({ id: volume.id, problems: [...problems, ...failure] });
    }
    return {
      backend,
      dryRun,
      adopted: adopted.map(({ id, snapshots, changes }) => ({ id, snapshots: snapshots.length, changes })),
      alreadyKnown: found.length - unknown.length,
      refused,
    };
  }

  async #find(caller: Caller, backend: string): Promise<AdoptableVolume[]> {
    const { driver, capabilities } = await this.backends.open(backend);
    if (!capabilities.includes('adopt')) {
      throw new ManagerError({
        code: 'not-supported',
        message: `nothing can be adopted on backend ${backend}: its driver has not the capability 'adopt'`,
        details: { backend, capability: 'adopt' },
      });
    }
    const found: AdoptableVolume[] = [];
    try {
      for await (const volume of driver.findAdoptable(this.contexts.of(caller))) found.push(volume);
    } catch (error) {
      throw driverFailure(`what could be adopted on backend ${backend}`, error);
    }
    return found;
  }

  async #adoptOne(caller: Caller, backend: string, found: AdoptableVolume): Promise<string[]> {
    try {
      await this.adopter.adoptVolume(caller, backend, found);
      return [];
    } catch (error) {
      if (!(error instanceof ScoriaError)) throw error;
      return [error.message];
    }
  }
}

/** A migrated volume keeps its id while its data has another; that id is not free. */
function takenIds({ id }: AdoptableVolume, known: readonly VolumeRecord[]): string[] {
  const taken = known.find((volume) => volume.id === id);
  if (taken === undefined) return [];
  return [`volume ${id} of backend ${taken.backend} has this id; delete one of the two, or manage the file`];
}
