import { messageOf } from '@scoria/core/basics';
import type { Migration } from '#kysely';
import { CompiledQuery, Migrator, sql } from '#kysely';
import { StoreError } from '../errors.js';
import type { Store } from '../store.js';
import { migrationsFor } from './migrations.js';
import type { Db } from './queries.js';
import { whenFree } from './sqlite-dialect.js';

/** Brings the schema up to date; safe while other processes do the same. */
export async function migrate(db: Db, dialect: Store['dialect']): Promise<void> {
  const migrations = migrationsFor(dialect);
  if ((await missing(db, migrations)).length === 0) return;
  if (dialect === 'postgresql') await requireUnicode(db);
  const work = async (): Promise<void> => {
    const provider = { getMigrations: () => Promise.resolve(migrations) };
    const migrator = new Migrator({ db, provider });
    const { error } = await migrator.migrateToLatest();
    if (error !== undefined) throw error instanceof Error ? error : new Error(messageOf(error));
  };
  await (dialect === 'sqlite' ? whenFree('the tables could not be made', work) : work());
}

/** The migrations this database has not had yet. */
async function missing(db: Db, migrations: Readonly<Record<string, Migration>>): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  const known = Object.keys(migrations);
  if (!tables.some(({ name }) => name === 'kysely_migration')) return known;
  const { rows } = await db.executeQuery<{ name: string }>(
    CompiledQuery.raw('select name from kysely_migration'),
  );
  const applied = rows.map(({ name }) => name);
  const newer = applied.filter((name) => !known.includes(name));
  if (newer.length > 0)
    throw new StoreError({
      code: 'newer-schema',
      message: `the database was written by a newer version (it has ${newer.join(', ')}); use that version, or another state`,
    });
  return known.filter((name) => !applied.includes(name));
}

/** Names are in any language. */
async function requireUnicode(db: Db): Promise<void> {
  const { rows } = await sql<{ server_encoding: string }>`show server_encoding`.execute(db);
  const encoding = rows[0]?.server_encoding ?? '';
  if (encoding === 'UTF8') return;
  throw new StoreError({
    code: 'unavailable',
    message: `the database keeps text as ${encoding}, which has no place for every name: make it with the encoding UTF8`,
  });
}
