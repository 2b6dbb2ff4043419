import type { Clock } from '@scoria/core';
import { messageOf } from '@scoria/core/basics';
import type { Dialect } from '#kysely';
import { Kysely, sql } from '#kysely';
import { setTimeout as delay } from 'node:timers/promises';
import { StoreError } from '../errors.js';
import type { OwnerRegistry, Records, Store } from '../store.js';
import { migrate } from './migrate.js';
import type { Db } from './queries.js';
import { sqlRecords } from './sql-records.js';
import type { Tables } from './tables.js';
import { isDeadlock, toStoreError } from './to-store-error.js';

const TRIES = 5;

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
    throw openingError(error);
  }
  return storeOn(db, parts);
}

function openingError(error: unknown): unknown {
  const told = toStoreError('the database cannot be opened', error);
  if (told instanceof StoreError) return told;
  return new StoreError({
    code: 'unavailable',
    message: `the database cannot be opened: ${messageOf(error)}`,
    cause: error,
  });
}

function storeOn(db: Db, { name, clock, owners }: SqlStoreParts): Store {
  const transaction = async <T>(work: (records: Records) => Promise<T>): Promise<T> => {
    try {
      return await unlessDeadlocked(() =>
        db.transaction().execute((tx) => work(sqlRecords(tx, clock, name))),
      );
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

/** Does it again where the database has undone it so that another transaction could go on. */
async function unlessDeadlocked<T>(work: () => Promise<T>): Promise<T> {
  for (let left = TRIES - 1; ; left -= 1) {
    try {
      return await work();
    } catch (error) {
      if (left === 0 || !isDeadlock(error)) throw error;
    }
    await delay(Math.random() * 50);
  }
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
