import type { Metadata } from '../records.js';
import type { Db } from './queries.js';
import type { Row } from './row-codec.js';

type Owner = 'volume' | 'snapshot';

/** The metadata of several objects with one query; objects without any have an empty one. */
export async function metadataOf(
  db: Db,
  owner: Owner,
  ids: readonly string[],
): Promise<(id: string) => Metadata> {
  const found = new Map<string, Record<string, string>>();
  const column = `${owner}_id`;
  const rows: Row[] =
    ids.length === 0
      ? []
      : await db
          .selectFrom(`${owner}_metadata`)
          .selectAll()
          .where(column, 'in', [...ids])
          .orderBy('key')
          .execute();
  for (const row of rows) {
    const id = row[column] as string;
    const pairs = found.get(id) ?? {};
    pairs[row.key as string] = row.value as string;
    found.set(id, pairs);
  }
  return (id) => found.get(id) ?? {};
}

/** Puts `metadata` in the place of what there was. */
export async function replaceMetadata(db: Db, owner: Owner, id: string, metadata: Metadata): Promise<void> {
  await db.deleteFrom(`${owner}_metadata`).where(`${owner}_id`, '=', id).execute();
  await insertMetadata(db, owner, id, metadata);
}

export async function insertMetadata(db: Db, owner: Owner, id: string, metadata: Metadata): Promise<void> {
  const rows = Object.entries(metadata).map(([key, value]) => ({ [`${owner}_id`]: id, key, value }));
  if (rows.length > 0) await db.insertInto(`${owner}_metadata`).values(rows).execute();
}
