import { messageOf } from '@scoria/core/basics';
import { CompiledQuery, Migrator } from 'kysely';
import { StoreError } from '../errors.js';
import type { Store } from '../store.js';
import { MIGRATIONS } from './migrations.js';
import type { Db } from './queries.js';
import { whenFree } from './sqlite-dialect.js';

/** Brings the schema up to date; safe while other processes do the same. */
export async function migrate(db: Db, dialect: Store['dialect']): Promise<void> {
  if ((await missing(db)).length === 0) return;
  const work = async (): Promise<void> => {
    const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(MIGRATIONS) } });
    const { error } = await migrator.migrateToLatest();
    if (error !== undefined) throw error instanceof Error ? error : new Error(messageOf(error));
  };
  await (dialect === 'sqlite' ? whenFree('the tables could not be made', work) : work());
}

/** The migrations this database has not had yet. */
async function missing(db: Db): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  const known = Object.keys(MIGRATIONS);
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
