import { PostgresDialect } from 'kysely';
import pg from 'pg';

const POOL_SIZE = 8;
const CONNECT_MS = 10_000;
const STATEMENT_MS = 30_000;

/** Sizes in bytes fit a number: the biggest volume is far below 2^53. */
const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.INT8, Number);

export function openPostgres(url: string, onLostConnection: (error: Error) => void): PostgresDialect {
  const pool = new pg.Pool({
    connectionString: url,
    max: POOL_SIZE,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    keepAlive: true,
    types,
  });
  // An idle connection that breaks is replaced by the pool; without a listener the process would end.
  pool.on('error', onLostConnection);
  return new PostgresDialect({ pool });
}
