import type { Kysely, SelectQueryBuilder } from '#kysely';
import { StoreError } from '../errors.js';
import type { Page } from '../store.js';
import type { Row } from './row-codec.js';
import type { Tables } from './tables.js';

export type Db = Kysely<Tables>;
type Table = keyof Tables;
type Select = SelectQueryBuilder<Tables, Table, Row>;

const PAGE = 1000;

/** One row by its `id`. */
export async function rowById(db: Db, table: Table, id: string): Promise<Row | undefined> {
  return select(db, table).where('id', '=', id).executeTakeFirst();
}

/** One page, newest first, of the rows whose columns have the given values (`undefined`: any). */
export async function pageOf(
  db: Db,
  table: Table,
  page: Page,
  equal: Readonly<Record<string, string | undefined>>,
  narrow: (query: Select) => Select = (query) => query,
): Promise<Row[]> {
  let query = select(db, table).orderBy('created_at', 'desc').orderBy('id', 'desc');
  for (const [column, value] of Object.entries(equal))
    if (value !== undefined) query = query.where(column, '=', value);
  if (page.marker !== undefined) query = after(query, await markerRow(db, table, page.marker));
  return narrow(query)
    .limit(page.limit ?? PAGE)
    .execute();
}

function select(db: Db, table: Table): Select {
  return db.selectFrom(table).selectAll();
}

async function markerRow(db: Db, table: Table, id: string): Promise<Row> {
  const row = await rowById(db, table, id);
  if (row !== undefined) return row;
  throw new StoreError({
    code: 'not-found',
    message: `the marker ${id} is none of the ${table.replace('_', ' ')}; use the id of the last one of the page before`,
  });
}

function after(query: Select, { created_at: at, id }: Row): Select {
  return query
    .where('created_at', '<=', at as string)
    .where((where) => where.or([where('created_at', '<', at as string), where('id', '<', id as string)]));
}

/** Changes one row where it is in one of `from`; whether it was. */
export async function changeRow(
  db: Db,
  table: Table,
  id: string,
  changes: Row,
  from?: readonly string[],
): Promise<boolean> {
  if (from?.length === 0) return false;
  if (Object.keys(changes).length === 0) return (await rowById(db, table, id)) !== undefined;
  const update = db
    .updateTable(table as 'volumes')
    .set(changes)
    .where('id', '=', id);
  const conditional = from === undefined ? update : update.where('status', 'in', [...from]);
  return (await conditional.executeTakeFirst()).numUpdatedRows > 0n;
}

export async function removeRow(db: Db, table: Table, id: string, key = 'id'): Promise<boolean> {
  const removed = await db
    .deleteFrom(table as 'volumes')
    .where(key, '=', id)
    .executeTakeFirst();
  return removed.numDeletedRows > 0n;
}

export async function insertRow(db: Db, table: Table, row: Row): Promise<void> {
  await db
    .insertInto(table as 'volumes')
    .values(row)
    .execute();
}
