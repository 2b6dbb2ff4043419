import { messageOf } from '@scoria/core/basics';
import type { StoreErrorCode } from '../errors.js';
import { StoreError } from '../errors.js';

/** By SQLite's extended codes, PostgreSQL's SQLSTATEs and the codes of Node's network. */
const CODES: readonly (readonly [RegExp, StoreErrorCode])[] = [
  [/^(SQLITE_CONSTRAINT_(PRIMARYKEY|UNIQUE)|23505)$/, 'already-exists'],
  // A lock that was waited for too long, a statement that took too long, a deadlock that came again and again.
  [/^(SQLITE_BUSY.*|55P03|57014|40001|40P01)$/, 'busy'],
  [
    /^(SQLITE_(CANTOPEN|IOERR|CORRUPT|NOTADB|FULL|READONLY).*|08...|57P..|53...|25P03|28...|3D000|58...)$/,
    'unavailable',
  ],
  [
    /^(ECONN.*|ENOENT|EACCES|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_.*|EHOST.*|ENET.*|DEPTH_ZERO_.*|ERR_TLS_.*)$/,
    'unavailable',
  ],
];

/** The names of what the databases' drivers, and the network below them, raise. */
const DATABASE_ERRORS = new Set(['SqliteError', 'error', 'DatabaseError', 'Error', 'AggregateError']);

/** What PostgreSQL's driver raises without a code when there is no connection, or none any more. */
const NO_CONNECTION =
  /^(Connection terminated|timeout e(xpired|xceeded)|Query read timeout|Client (has encountered|was closed)|SASL:|The server does not support SSL)/;

/** Some errors of PostgreSQL's driver (a failure of every address of a host) have many errors in place of a message. */
function textOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return messageOf(error);
}

/** What a database raised, as a StoreError; errors that are Scoria's own stay as they are. */
export function toStoreError(what: string, error: unknown): unknown {
  const code = databaseCodeOf(error);
  if (code === undefined) return error;
  const found = CODES.find(([pattern]) => pattern.test(code));
  return new StoreError({
    code: found?.[1] ?? 'failed',
    message: `${what}: the database refused: ${textOf(error)}`,
    details: { databaseCode: code },
    cause: error,
  });
}

/** Two transactions waited for each other, and this one was undone for the other: it can be done again. */
export function isDeadlock(error: unknown): boolean {
  const code = databaseCodeOf(error);
  return code === '40P01' || code === '40001';
}

/**
 * The database's own code of an error. By the error's name: a native module keeps the class that it was given first,
 * which need not be the one that this module has, nor descend from this realm's `Error`.
 */
export function databaseCodeOf(error: unknown): string | undefined {
  const { name, code, message } = (error ?? {}) as { name?: unknown; code?: unknown; message?: unknown };
  if (typeof name !== 'string' || typeof message !== 'string' || !DATABASE_ERRORS.has(name)) return undefined;
  if (typeof code === 'string') return code;
  return NO_CONNECTION.test(message) ? 'ECONNRESET' : undefined;
}
