import { messageOf } from '@scoria/core/basics';
import type { StoreErrorCode } from '../errors.js';
import { StoreError } from '../errors.js';

/** By SQLite's extended codes and PostgreSQL's SQLSTATEs. */
const CODES: readonly (readonly [RegExp, StoreErrorCode])[] = [
  [/^(SQLITE_CONSTRAINT_(PRIMARYKEY|UNIQUE)|23505)$/, 'already-exists'],
  [/^SQLITE_BUSY/, 'busy'],
  [
    /^(SQLITE_(CANTOPEN|IOERR|CORRUPT|NOTADB|FULL|READONLY).*|08...|57P..|53...|ECONN.*|ENOENT|EPIPE|ETIMEDOUT|28...|3D000)$/,
    'unavailable',
  ],
];

/** What a database raised, as a StoreError; errors that are Scoria's own stay as they are. */
export function toStoreError(what: string, error: unknown): unknown {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (typeof code !== 'string' || !isOfDatabase(error)) return error;
  const found = CODES.find(([pattern]) => pattern.test(code));
  return new StoreError({
    code: found?.[1] ?? 'failed',
    message: `${what}: the database refused: ${messageOf(error)}`,
    details: { databaseCode: code },
    cause: error,
  });
}

function isOfDatabase(error: unknown): boolean {
  return error instanceof Error && /^(SqliteError|error|DatabaseError|Error)$/.test(error.name);
}
