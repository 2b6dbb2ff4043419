import type { BackendRecord, Metadata } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { Configuration } from '../configuration.js';
import { ManagerError } from '../errors.js';
import { gib } from './room.js';
import type { Candidate, PlacementRequest } from './place-volume.js';
import { placeVolume } from './place-volume.js';
import type { PlaceableBackend } from './backend-capabilities.js';
import { specProblems } from './backend-capabilities.js';

/** Where volumes may go; see {@link placeVolume} for the rules. */
@injectable()
export class Placement {
  constructor(@inject(Configuration) private readonly configuration: Configuration) {}

  /**
   * The backends that can take a volume, best first; the caller tries one after the other.
   * @param backends what is known of the enabled backends, in the order they are configured
   * @throws ManagerError `not-found` for a backend that is not there, `backend-down`, `no-backend` with what each lacks
   */
  candidates(backends: readonly BackendRecord[], request: PlacementRequest): readonly Candidate[] {
    requireBackend(backends, request.backend);
    const { candidates, refusals } = placeVolume(
      backends.map((backend) => this.#named(backend)),
      request,
    );
    if (candidates.length > 0) return candidates;
    const reasons = refusals.map(({ reason }) => reason);
    throw new ManagerError({
      code: 'no-backend',
      message:
        reasons.length === 0
          ? 'no backend is enabled; name at least one in enabled_backends'
          : `no backend can take a volume of ${gib(request.sizeBytes)}: ${reasons.join('. ')}`,
      details: { sizeBytes: request.sizeBytes, reasons },
    });
  }

  /** Why a volume on this backend cannot have a type, by its best pool; empty where it can. */
  typeProblems(backend: BackendRecord, extraSpecs: Metadata): readonly string[] {
    const [best = ['it reports no pool']] = backend.pools
      .map((pool) => specProblems(this.#named(backend), pool, extraSpecs))
      .sort((a, b) => a.length - b.length);
    return best;
  }

  #named(backend: BackendRecord): PlaceableBackend {
    const section = this.configuration.backends.find(({ name }) => name === backend.name);
    const name = section?.options.volume_backend_name;
    return typeof name === 'string' && name !== '' ? { ...backend, volumeBackendName: name } : backend;
  }
}

function requireBackend(backends: readonly BackendRecord[], name: string | undefined): void {
  if (name === undefined) return;
  const backend = backends.find((one) => one.name === name);
  if (backend === undefined) {
    const known = backends.map((one) => one.name).join(', ');
    throw new ManagerError({
      code: 'not-found',
      message: `there is no backend ${JSON.stringify(name)}; the enabled ones are ${known === '' ? 'none' : known}`,
      details: { backend: name },
    });
  }
  if (backend.state === 'up') return;
  throw new ManagerError({
    code: 'backend-down',
    message: `backend ${name} is ${backend.state}${backend.reason === undefined ? '' : `: ${backend.reason}`}`,
    details: { backend: name },
  });
}
