import type { Clock } from '@scoria/core';
import type { Dialect } from 'kysely';
import { Kysely, sql } from 'kysely';
import type { OwnerRegistry, Records, Store } from '../store.js';
import { migrate } from './migrate.js';
import type { Db } from './queries.js';
import { sqlRecords } from './sql-records.js';
import type { Tables } from './tables.js';
import { toStoreError } from './to-store-error.js';

/** What differs between the databases. */
export interface SqlStoreParts {
  readonly name: Store['dialect'];
  readonly dialect: Dialect;
  readonly clock: Clock;
  readonly owners: OwnerRegistry & { close(): Promise<void> };
}

/** Brings the schema up to date and offers the records. */
export async function createSqlStore(parts: SqlStoreParts): Promise<Store> {
  const db = new Kysely<Tables>({ dialect: parts.dialect });
  try {
    await migrate(db, parts.name);
  } catch (error) {
    await db.destroy();
    throw toStoreError('the database cannot be opened', error);
  }
  return storeOn(db, parts);
}

function storeOn(db: Db, { name, clock, owners }: SqlStoreParts): Store {
  const transaction = async <T>(work: (records: Records) => Promise<T>): Promise<T> => {
    try {
      return await db.transaction().execute((tx) => work(sqlRecords(tx, clock, name)));
    } catch (error) {
      throw toStoreError('a transaction was undone', error);
    }
  };
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= owners.close().finally(() => db.destroy()));
  return {
    ...eachOnItsOwn(sqlRecords(db, clock, name), transaction),
    dialect: name,
    owners,
    transaction,
    ping: async () => {
      try {
        await sql`select 1`.execute(db);
      } catch (error) {
        throw toStoreError('the database does not answer', error);
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

type Query = (...args: unknown[]) => Promise<unknown>;
type Queries = Readonly<Record<string, Query>>;

/** Reads go straight to the database; what may write, and may be several statements, is a transaction. */
function eachOnItsOwn(
  records: Records,
  transaction: <T>(work: (records: Records) => Promise<T>) => Promise<T>,
): Records {
  const queries = Object.entries(records as unknown as Queries).map(([name, query]): [string, Query] => {
    const reads = /^(get|list|count|conflicting|operations|quotaUsage)/.test(name);
    const writing: Query = (...args) =>
      transaction(async (inside) => (inside as unknown as Queries)[name]?.(...args));
    return [name, reads ? (...args) => translated(query(...args)) : writing];
  });
  return Object.fromEntries(queries) as unknown as Records;
}

async function translated(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    throw toStoreError('a query failed', error);
  }
}
