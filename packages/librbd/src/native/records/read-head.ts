import type { ImageHead, SnapshotHead } from '../../model/head.js';
import type { ImageInfo, ParentImage } from '../../model/image.js';
import { featureNames } from '../features.js';
import { type ClassCall, type ObjectReader, readObject } from './class-read.js';
import { Decoder, encodedNumber, encodedStructure, encodedText } from './encoding.js';
import type { ParentSpec } from './formats.js';
import { isHeld, overlapOf, parentSpec, snapshotIds, snapshotRecord } from './formats.js';
import { nameOfImage, present } from './image-names.js';

/** CEPH_NOSNAP: the image itself. */
export const HEAD = encodedNumber(-2n);
export const READ_ONLY = Buffer.of(1);
const NOTHING = Buffer.alloc(0);
/** RBD_LOCK_NAME. */
export const LOCK = 'rbd_lock';
/** RBD_FEATURE_MIGRATING: such an image is in two places. */
const MIGRATING = 1n << 9n;
/** So many snapshots are asked for at a time. */
const PAGE = 100;
/** How often it may change while it is read. */
const ATTEMPTS = 10;

/** Who has the lock of the one who writes. */
export const LOCK_INFO: ClassCall = {
  method: 'get_info',
  family: 'lock',
  input: encodedStructure(encodedText(LOCK)),
};

const HEAD_CALLS: readonly ClassCall[] = [
  { method: 'get_size', input: HEAD },
  { method: 'get_features', input: Buffer.concat([HEAD, READ_ONLY]) },
  { method: 'get_snapcontext' },
  { method: 'parent_get' },
  { method: 'parent_overlap_get', input: HEAD },
  LOCK_INFO,
  { method: 'get_stripe_unit_count', mayFail: true },
];

/** Reads objects of other pools. */
export interface PoolReaders {
  /** undefined where there is no such pool. */
  nameOf(poolId: number): Promise<string | undefined>;
  reading<T>(pool: string, work: (reader: ObjectReader) => Promise<T>): Promise<T>;
}

/** What only librbd itself can tell. */
export const NOT_BY_RECORDS = Symbol('not by records');

/**
 * What the records of an image say.
 * @returns undefined where there is no such image
 */
export async function readHead(
  reader: ObjectReader,
  id: string,
  pools: PoolReaders,
): Promise<ImageHead | undefined | typeof NOT_BY_RECORDS> {
  for (let attempt = 1; ; attempt += 1) {
    const head = await headNow(reader, id, pools);
    if (head !== 'changed') return head;
    if (attempt === ATTEMPTS) return NOT_BY_RECORDS;
  }
}

async function headNow(
  reader: ObjectReader,
  id: string,
  pools: PoolReaders,
): Promise<ImageHead | undefined | typeof NOT_BY_RECORDS | 'changed'> {
  const header = headerOf(id);
  const record = await readHeader(reader, header);
  if (record === undefined || record === NOT_BY_RECORDS) return record;
  const [snapshots, link] = await Promise.all([
    readSnapshots(reader, header, record.snapshotIds),
    readParent(record.parent, pools),
  ]);
  if (snapshots === 'changed') return snapshots;
  if (link === NOT_BY_RECORDS) return link;
  const { overlapBytes } = record;
  const isChild = overlapBytes > 0 || snapshots.some((snapshot) => snapshot.overlapBytes > 0);
  const parent = isChild && link !== undefined ? { ...link, overlapBytes } : undefined;
  return { id, ...record.layout, snapshots, parent, isLocked: record.isLocked };
}

/** What the header tells of the image itself. */
interface HeaderRecord {
  readonly layout: Omit<ImageInfo, 'id'>;
  /** The newest first. */
  readonly snapshotIds: readonly number[];
  readonly parent: ParentSpec;
  readonly overlapBytes: number;
  readonly isLocked: boolean;
}

async function readHeader(
  reader: ObjectReader,
  header: string,
): Promise<HeaderRecord | undefined | typeof NOT_BY_RECORDS> {
  const answers = present(await readObject(reader, header, HEAD_CALLS), reader);
  if (answers === undefined) return undefined;
  const [size, features, context, parent, overlap, lock, stripe] = answers.map((answer) => answer ?? NOTHING);
  if (!size || !features || !context || !parent || !overlap || !lock || !stripe) return NOT_BY_RECORDS;
  const bits = new Decoder(features).bits();
  if ((bits & MIGRATING) !== 0n) return NOT_BY_RECORDS;
  return {
    layout: { ...sizeOf(size, stripe), features: featureNames(bits) },
    snapshotIds: snapshotIds(context),
    parent: parentSpec(parent),
    overlapBytes: overlapOf(overlap),
    isLocked: isHeld(lock),
  };
}

/** @param stripe nothing where it is as large as an object */
function sizeOf(size: Buffer, stripe: Buffer): Omit<ImageInfo, 'id' | 'features'> {
  const decoder = new Decoder(size);
  const order = decoder.u8();
  const sizeBytes = decoder.u64();
  if (stripe.length === 0) return { sizeBytes, order, stripeUnitBytes: 2 ** order, stripeCount: 1 };
  const layout = new Decoder(stripe);
  return { sizeBytes, order, stripeUnitBytes: layout.u64(), stripeCount: layout.u64() };
}

/** The object that holds what is known of an image. */
export function headerOf(id: string): string {
  return `rbd_header.${id}`;
}

/** In the order they were taken. */
async function readSnapshots(
  reader: ObjectReader,
  header: string,
  newestFirst: readonly number[],
): Promise<SnapshotHead[] | 'changed'> {
  const ids = newestFirst.toReversed();
  const found: SnapshotHead[] = [];
  for (let start = 0; start < ids.length; start += PAGE) {
    const page = await readSnapshotPage(reader, header, ids.slice(start, start + PAGE));
    if (page === 'changed') return 'changed';
    found.push(...page);
  }
  return found;
}

async function readSnapshotPage(
  reader: ObjectReader,
  header: string,
  ids: readonly number[],
): Promise<SnapshotHead[] | 'changed'> {
  const calls = ids.map(encodedNumber).flatMap((input): ClassCall[] => [
    { method: 'snapshot_get', input },
    { method: 'get_protection_status', input },
    { method: 'parent_overlap_get', input },
  ]);
  const answers = present(await readObject(reader, header, calls), reader);
  if (answers === undefined) return 'changed';
  return ids.flatMap((_, index) => {
    const [record, protection, overlap] = answers.slice(index * 3);
    if (record === undefined || protection === undefined || overlap === undefined) return [];
    const isProtected = new Decoder(protection).u8() !== 0;
    return [{ ...snapshotRecord(record), isProtected, overlapBytes: overlapOf(overlap) }];
  });
}

async function readParent(
  { poolId, poolNamespace, imageId, snapshotId }: ParentSpec,
  pools: PoolReaders,
): Promise<Omit<ParentImage, 'overlapBytes'> | undefined | typeof NOT_BY_RECORDS> {
  if (poolId < 0) return undefined;
  const pool = poolNamespace === '' ? await pools.nameOf(poolId) : undefined;
  if (pool === undefined) return NOT_BY_RECORDS;
  return pools.reading(pool, async (reader) => {
    const calls = [{ method: 'snapshot_get', input: encodedNumber(snapshotId) }];
    const [named, answers] = await Promise.all([
      nameOfImage(reader, imageId),
      readObject(reader, headerOf(imageId), calls),
    ]);
    const [record] = present(answers, reader) ?? [];
    if (named === undefined || record === undefined) return NOT_BY_RECORDS;
    const { name, namespace } = snapshotRecord(record);
    return {
      pool,
      poolNamespace,
      image: named.name,
      imageId,
      imageInTrash: named.inTrash,
      snapshot: name,
      snapshotId,
      snapshotNamespace: namespace,
    };
  });
}
