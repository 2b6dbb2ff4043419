import type { ChildImage } from '../../model/image.js';
import { ENOENT, EPERM, nativeError } from '../errno.js';
import { type ObjectReader, readObject } from './class-read.js';
import { encodedNumber, encodedText } from './encoding.js';
import type { ChildSpec } from './formats.js';
import { childIds, childSpecs, snapshotRecord } from './formats.js';
import { nameOfImage, present } from './image-names.js';
import { headerOf, NOT_BY_RECORDS, type PoolReaders } from './read-head.js';

/** A snapshot, by what stays. */
export interface SnapshotReference {
  readonly poolId: number;
  readonly imageId: string;
  readonly snapshotId: number;
}

/**
 * The children of a snapshot, of both clone formats.
 * @param everyPool the names of all pools: a child of format 1 is noted only in its own
 * @returns undefined where there is no such snapshot
 */
export async function readChildren(
  reader: ObjectReader,
  snapshot: SnapshotReference,
  pools: PoolReaders & { readonly everyPool: () => Promise<readonly string[]> },
): Promise<ChildImage[] | undefined | typeof NOT_BY_RECORDS> {
  const header = headerOf(snapshot.imageId);
  const input = encodedNumber(snapshot.snapshotId);
  const calls = [
    { method: 'snapshot_get', input },
    { method: 'get_protection_status', input },
  ];
  const [record, protection] = present(await readObject(reader, header, calls), reader) ?? [];
  if (record === undefined) return undefined;
  const hasOthers = snapshotRecord(record).childrenOfFormat2 > 0;
  const [others, ours] = await Promise.all([
    hasOthers ? childrenOfFormat2(reader, header, input, pools) : [],
    protection?.[0] === 0 ? [] : childrenOfFormat1(snapshot, pools),
  ]);
  return others === NOT_BY_RECORDS ? NOT_BY_RECORDS : [...ours, ...others];
}

async function childrenOfFormat2(
  reader: ObjectReader,
  header: string,
  input: Buffer,
  pools: PoolReaders,
): Promise<ChildImage[] | typeof NOT_BY_RECORDS> {
  const calls = [{ method: 'children_list', input }];
  const [answer] = present(await readObject(reader, header, calls), reader) ?? [];
  const children = answer === undefined ? [] : childSpecs(answer);
  const found: ChildImage[] = [];
  for (const child of children) {
    const named = await nameChild(child, pools);
    if (named === undefined) return NOT_BY_RECORDS;
    found.push(named);
  }
  return found;
}

async function nameChild(
  { poolId, poolNamespace, imageId }: ChildSpec,
  pools: PoolReaders,
): Promise<ChildImage | undefined> {
  const pool = poolNamespace === '' ? await pools.nameOf(poolId) : undefined;
  return pool === undefined ? undefined : pools.reading(pool, async (reader) => named(reader, pool, imageId));
}

async function childrenOfFormat1(
  { poolId, imageId, snapshotId }: SnapshotReference,
  pools: PoolReaders & { readonly everyPool: () => Promise<readonly string[]> },
): Promise<ChildImage[]> {
  const input = Buffer.concat([encodedNumber(poolId), encodedText(imageId), encodedNumber(snapshotId)]);
  const found = (await pools.everyPool()).map(async (pool) =>
    pools.reading(pool, async (reader) => {
      const answers = await readObject(reader, 'rbd_children', [{ method: 'get_children', input }]);
      // As librbd has it when it takes a protection back: what may not be looked at has no children.
      if (answers === -ENOENT || answers === -EPERM) return [];
      if (typeof answers === 'number') throw nativeError(answers, reader.order.subject);
      const ids = answers[0] === undefined ? [] : childIds(answers[0]);
      return Promise.all(ids.map(async (id) => named(reader, pool, id)));
    }),
  );
  return (await Promise.all(found)).flat();
}

async function named(reader: ObjectReader, pool: string, imageId: string): Promise<ChildImage> {
  const known = await nameOfImage(reader, imageId);
  return { pool, poolNamespace: '', image: known?.name ?? '', imageId, inTrash: known?.inTrash ?? false };
}
