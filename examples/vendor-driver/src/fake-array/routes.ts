import { ArrayError } from './array-error.js';
import type {
  ArraySnapshot,
  ArrayState,
  ArrayVolume,
  SnapshotRequest,
  VolumeRequest,
} from './array-state.js';
import type { Blocks } from './blocks.js';

/** A request with its path taken apart. */
interface Call {
  readonly array: ArrayState;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  /** What the words with a colon stand for in this path. */
  readonly names: Readonly<Record<'pool' | 'volume' | 'snapshot' | 'host', string>>;
}

type Handler = (call: Call) => object;

const readVolume: Handler = ({ array, names, query }) => readData(array.volume(names.volume).blocks, query);
const readSnapshot: Handler = ({ array, names, query }) =>
  readData(array.snapshot(names.snapshot).blocks, query);

/** The array's whole API but for the login. */
const ROUTES = Object.entries<Handler>({
  'GET /pools/:pool': describePool,
  'POST /volumes': ({ array, body }) => describeVolume(array.createVolume(json(body) as VolumeRequest)),
  'GET /volumes/:volume': ({ array, names }) => describeVolume(array.volume(names.volume)),
  'DELETE /volumes/:volume': ({ array, names, query }) =>
    describeVolume(array.deleteVolume(names.volume, query.get('tag') ?? undefined)),
  'PUT /volumes/:volume/size': ({ array, names, body }) =>
    describeVolume(array.resize(names.volume, (json(body) as { sizeBytes: number }).sizeBytes)),
  'POST /volumes/:volume/restore': ({ array, names, body }) =>
    describeVolume(array.restore(names.volume, (json(body) as { snapshot: string }).snapshot)),
  'POST /volumes/:volume/snapshots': ({ array, names, body }) =>
    describeSnapshot(array.createSnapshot(names.volume, json(body) as SnapshotRequest)),
  'GET /snapshots/:snapshot': ({ array, names }) => describeSnapshot(array.snapshot(names.snapshot)),
  'DELETE /snapshots/:snapshot': ({ array, names, query }) =>
    describeSnapshot(array.deleteSnapshot(names.snapshot, query.get('tag') ?? undefined)),
  'PUT /volumes/:volume/exports/:host': ({ array, names }) => ({
    portal: '192.0.2.10:3260',
    iqn: 'iqn.2024-01.example.acme:array',
    unit: array.export(names.volume, names.host),
  }),
  'DELETE /volumes/:volume/exports': ({ array, names }) => describeVolume(array.unexport(names.volume)),
  'DELETE /volumes/:volume/exports/:host': ({ array, names }) =>
    describeVolume(array.unexport(names.volume, names.host)),
  'GET /volumes/:volume/data': readVolume,
  'GET /snapshots/:snapshot/data': readSnapshot,
  'PUT /volumes/:volume/data': writeData,
  'DELETE /volumes/:volume/data': zeroData,
  'GET /volumes/:volume/extents': ({ array, names, query }) => extents(array, query, names.volume),
  'GET /snapshots/:snapshot/extents': ({ array, names, query }) =>
    extents(array, query, array.snapshot(names.snapshot).volume, names.snapshot),
}).map(([route, handler]) => ({
  pattern: new RegExp(`^${route.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`),
  handler,
}));

/**
 * Does what is asked for.
 * @param asked 'METHOD /path'
 */
export function route(asked: string, call: Omit<Call, 'names'>): object {
  for (const { pattern, handler } of ROUTES) {
    const match = pattern.exec(asked);
    if (match === null) continue;
    const names = Object.entries(match.groups ?? {}).map(([key, name]) => [key, decodeURIComponent(name)]);
    return handler({ ...call, names: Object.fromEntries(names) as Call['names'] });
  }
  throw new ArrayError('no_such_call', `there is no ${asked}`);
}

function json(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new ArrayError('bad_request', 'the body is not JSON');
  }
}

function describePool({ array, names: { pool } }: Call): object {
  if (pool !== array.pool) throw new ArrayError('no_such_pool', `there is no pool ${pool}`);
  const { totalBytes, usedBytes, provisionedBytes } = array;
  return { name: pool, totalBytes, usedBytes, provisionedBytes };
}

function describeVolume({ name, blocks, exports }: ArrayVolume): object {
  return { name, sizeBytes: blocks.sizeBytes, exports: [...exports.keys()] };
}

function describeSnapshot({ name, volume, blocks }: ArraySnapshot): object {
  return { name, volume, sizeBytes: blocks.sizeBytes };
}

function readData(blocks: Blocks, query: URLSearchParams): Buffer {
  return blocks.read(...range(blocks, query.get('offset'), query.get('length')));
}

function writeData({ array, names: { volume }, query, body }: Call): object {
  const [offset] = range(array.volume(volume).blocks, query.get('offset'), body.length);
  return describeVolume(array.write(volume, offset, body));
}

function zeroData({ array, names, query }: Call): object {
  const volume = array.volume(names.volume);
  volume.blocks.zero(...range(volume.blocks, query.get('offset'), query.get('length')));
  return describeVolume(volume);
}

function extents(array: ArrayState, query: URLSearchParams, volume: string, snapshot?: string): object {
  const since = query.get('since');
  if (since !== null) return array.changes(volume, snapshot, since);
  return (snapshot === undefined ? array.volume(volume) : array.snapshot(snapshot)).blocks.runs();
}

function range(blocks: Blocks, offset: unknown, length: unknown): [offset: number, length: number] {
  const [start, count] = [Number(offset), Number(length)];
  if ([start, count].every((value) => Number.isSafeInteger(value) && value >= 0)) {
    if (start + count <= blocks.sizeBytes) return [start, count];
  }
  throw new ArrayError('bad_request', `there are no ${String(length)} bytes at ${String(offset)}`);
}
