import type { DatabaseConnection, Driver, QueryCompiler } from '#kysely';
import { PostgresDialect, PostgresDriver, PostgresQueryCompiler } from '#kysely';
import type { PostgresDialectConfig } from '#kysely';
import pg from 'pg';

const POOL_SIZE = 8;
const CONNECT_MS = 10_000;
const STATEMENT_MS = 30_000;
/** Who stops within a transaction (a process that is suspended) does not keep everyone else waiting for ever. */
const IDLE_IN_TRANSACTION_MS = 20_000;

/** Sizes in bytes fit a number: the biggest volume is far below 2^53. */
const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.INT8, Number);

/** What went wrong first is what is told, also where the connection broke and there is nothing left to roll back. */
class PlainSpokenDriver extends PostgresDriver {
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await super.rollbackTransaction(connection).catch(() => undefined);
  }
}

/** PostgreSQL's text has no place for the character 0, which the output of a tool may have: it is replaced. */
class TextCompiler extends PostgresQueryCompiler {
  protected override addParameter(parameter: unknown): void {
    super.addParameter(typeof parameter === 'string' ? parameter.replaceAll('\0', '\uFFFD') : parameter);
  }
}

class ScoriaPostgresDialect extends PostgresDialect {
  readonly #config: PostgresDialectConfig;

  constructor(config: PostgresDialectConfig) {
    super(config);
    this.#config = config;
  }

  override createDriver(): Driver {
    return new PlainSpokenDriver(this.#config);
  }

  override createQueryCompiler(): QueryCompiler {
    return new TextCompiler();
  }
}

export function openPostgres(url: string, onLostConnection: (error: Error) => void): PostgresDialect {
  const pool = new pg.Pool({
    connectionString: url,
    max: POOL_SIZE,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    keepAlive: true,
    types,
  });
  // A connection that breaks is replaced by the pool. Without a listener the process would end, and the pool
  // listens only to those that nobody uses.
  pool.on('connect', (client) => client.on('error', onLostConnection));
  pool.on('error', () => undefined);
  return new ScoriaPostgresDialect({ pool });
}
