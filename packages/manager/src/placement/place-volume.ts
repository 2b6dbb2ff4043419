import type { BackendRecord, Metadata, PoolRecord } from '@scoria/store';
import type { PlaceableBackend } from './backend-capabilities.js';
import { specProblems, wantsThick } from './backend-capabilities.js';
import { roomProblem, weightOf } from './room.js';

/** What a place is sought for. */
export interface PlacementRequest {
  readonly sizeBytes: number;
  /** Of the volume's type; none without a type. */
  readonly extraSpecs?: Metadata;
  /** Only this backend, whatever the type says. */
  readonly backend?: string;
  /** The backend of the volume or snapshot that is copied: taken first, because it need not copy through us. */
  readonly near?: string;
}

/** A backend that can take the volume, judged by its best pool; drivers choose among their pools by themselves. */
export interface Candidate {
  readonly backend: string;
  readonly pool: string;
  readonly weight: number;
}

export interface Refusal {
  readonly backend: string;
  /** What it lacks, as a sentence that names the backend. */
  readonly reason: string;
}

export interface Placed {
  /** Best first. */
  readonly candidates: readonly Candidate[];
  readonly refusals: readonly Refusal[];
}

interface JudgedPool {
  readonly pool: PoolRecord;
  readonly problems: readonly string[];
}

/** Filters by the type and by room, then weighs by free space; what is equal stays in the order of `backends`. */
export function placeVolume(backends: readonly PlaceableBackend[], request: PlacementRequest): Placed {
  const asked = backends.filter(({ name }) => request.backend === undefined || name === request.backend);
  const judged = asked.map((backend) => judge(backend, request));
  const candidates = judged.filter((one): one is Candidate => 'weight' in one);
  return {
    candidates: candidates.sort((a, b) => order(a, b, request.near)),
    refusals: judged.filter((one): one is Refusal => 'reason' in one),
  };
}

function order(a: Candidate, b: Candidate, near: string | undefined): number {
  return Number(b.backend === near) - Number(a.backend === near) || b.weight - a.weight;
}

function judge(backend: PlaceableBackend, request: PlacementRequest): Candidate | Refusal {
  const refuse = (why: string): Refusal => ({
    backend: backend.name,
    reason: `backend ${backend.name}: ${why}`,
  });
  if (backend.state !== 'up') return refuse(`is ${backend.state}${reasonOf(backend)}`);
  if (backend.pools.length === 0) return refuse('reports no pool');
  const specs = request.backend === undefined ? (request.extraSpecs ?? {}) : {};
  const thick = wantsThick(request.extraSpecs ?? {});
  const pools = backend.pools.map((pool) => judgePool(backend, pool, request.sizeBytes, specs, thick));
  const [best] = pools
    .filter(({ problems }) => problems.length === 0)
    .map(({ pool }) => ({ backend: backend.name, pool: pool.name, weight: weightOf(pool, thick) }))
    .sort((a, b) => b.weight - a.weight);
  return best ?? refuse(pools.map(poolReason).join('; '));
}

function judgePool(
  backend: PlaceableBackend,
  pool: PoolRecord,
  sizeBytes: number,
  specs: Metadata,
  thick: boolean,
): JudgedPool {
  const room = roomProblem(pool, sizeBytes, thick);
  return { pool, problems: [...specProblems(backend, pool, specs), ...(room === undefined ? [] : [room])] };
}

function poolReason({ pool, problems }: JudgedPool): string {
  return `pool ${pool.name}: ${problems.join(', ')}`;
}

function reasonOf({ reason }: BackendRecord): string {
  return reason === undefined ? '' : ` (${reason})`;
}
