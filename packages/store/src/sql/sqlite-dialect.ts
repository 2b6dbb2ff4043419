import { messageOf } from '@scoria/core/basics';
import Database from 'better-sqlite3';
import type { DatabaseConnection, DialectAdapter, Driver } from '#kysely';
import { CompiledQuery, SqliteAdapter, SqliteDialect, SqliteDriver } from '#kysely';
import type { SqliteDatabase, SqliteDialectConfig, SqliteStatement } from '#kysely';
import { chmodSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { StoreError } from '../errors.js';
import { databaseCodeOf } from './to-store-error.js';

const PATIENCE_MS = 30_000;
const PRIVATE = 0o600;

/** Whether another process has the database locked at this moment. */
export function isBusy(error: unknown): boolean {
  return databaseCodeOf(error)?.startsWith('SQLITE_BUSY') === true;
}

/** Tries again while another process writes, without blocking the event loop. */
export async function whenFree<T>(what: string, action: () => T | Promise<T>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() > deadline) throw tooLong(what, error);
    }
    await delay(1 + Math.random() * 15);
  }
}

function tooLong(what: string, cause: unknown): StoreError {
  return new StoreError({
    code: 'busy',
    message: `${what}: another process has kept the database locked for ${String(PATIENCE_MS / 1000)} s; end it, or try again`,
    cause,
  });
}

/** Transactions take the write lock at their begin, so that none is refused in its middle. */
class PatientDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    const begin = CompiledQuery.raw('begin immediate');
    await whenFree('a transaction could not begin', () => connection.executeQuery(begin));
  }

  /** SQLite has undone a transaction already that met a full disk: what is told is that, not the second undoing. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    try {
      await super.rollbackTransaction(connection);
    } catch (error) {
      if (!messageOf(error).includes('no transaction is active')) throw error;
    }
  }
}

/** SQLite's tables are made within transactions as well: two processes make them one after the other, or all or none. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class PatientDialect extends SqliteDialect {
  readonly #config: SqliteDialectConfig;

  constructor(config: SqliteDialectConfig) {
    super(config);
    this.#config = config;
  }

  override createDriver(): Driver {
    return new PatientDriver(this.#config);
  }

  override createAdapter(): DialectAdapter {
    return new TransactionalAdapter();
  }
}

/** Statements are compiled once: the queries are few, and their values are parameters. */
function withPreparedStatements(database: Database.Database): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>();
  return {
    close: () => database.close(),
    prepare: (sql) => {
      const known = statements.get(sql);
      if (known !== undefined) return known;
      const made = database.prepare(sql) as unknown as SqliteStatement;
      if (statements.size < 500) statements.set(sql, made);
      return made;
    },
  };
}

/** Opens (or makes) the database of a file, readable by its owner only. */
export async function openSqlite(file: string): Promise<SqliteDialect> {
  const database = await whenFree(`opening ${file}`, () => {
    const opened = new Database(file, { timeout: 0 });
    try {
      chmodSync(file, PRIVATE);
      opened.pragma('journal_mode = WAL');
      // What was acknowledged is there also after the power has failed.
      opened.pragma('synchronous = FULL');
      opened.pragma('foreign_keys = ON');
      // Changes of many rows that are far apart: keep their pages, and write them back less often.
      opened.pragma('cache_size = -32768');
      opened.pragma('wal_autocheckpoint = 4000');
      return opened;
    } catch (error) {
      opened.close();
      throw error;
    }
  });
  return new PatientDialect({ database: withPreparedStatements(database) });
}
