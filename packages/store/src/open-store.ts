import type { Clock, LockManager } from '@scoria/core';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { StoreError } from './errors.js';
import { FileOwners } from './sql/file-owners.js';
import { createSqlStore } from './sql/sql-store.js';
import { openSqlite } from './sql/sqlite-dialect.js';
import { toStoreError } from './sql/to-store-error.js';
import type { Store } from './store.js';

const PRIVATE = 0o700;

export interface StoreOptions {
  /** `sqlite:/absolute/path` (made when missing) or `postgresql://user@host/database`. */
  readonly url: string;
  readonly clock: Clock;
  readonly lockManager: LockManager;
  /** Where the locks of SQLite's owners are; absolute, on a file system of this host. */
  readonly lockDirectory: string;
  /** Told when a connection to PostgreSQL breaks; it is replaced. */
  readonly onLostConnection?: (error: Error) => void;
}

/**
 * Opens the records, making or updating the tables first.
 * @throws StoreError `unavailable`, `newer-schema`, `busy`
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { url } = options;
  if (url.startsWith('sqlite:')) return openSqliteStore(url.slice('sqlite:'.length), options);
  if (/^postgres(ql)?:\/\//.test(url)) return openPostgresStore(options);
  throw new StoreError({
    code: 'unavailable',
    message: 'the database must be sqlite:/absolute/path or postgresql://user@host/database',
  });
}

async function openPostgresStore({ url, clock, onLostConnection }: StoreOptions): Promise<Store> {
  // Only who uses it waits for its driver to be loaded.
  const { openPostgres } = await import('./sql/postgres-dialect.js');
  const { SessionOwners } = await import('./sql/session-owners.js');
  return createSqlStore({
    name: 'postgresql',
    dialect: openPostgres(url, onLostConnection ?? (() => undefined)),
    clock,
    owners: new SessionOwners(url),
  });
}

async function openSqliteStore(file: string, options: StoreOptions): Promise<Store> {
  const { clock, lockManager, lockDirectory } = options;
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: PRIVATE });
    const dialect = await openSqlite(file);
    return await createSqlStore({
      name: 'sqlite',
      dialect,
      clock,
      owners: new FileOwners(lockManager, lockDirectory),
    });
  } catch (error) {
    throw toStoreError(`the database ${file} cannot be opened`, error);
  }
}
