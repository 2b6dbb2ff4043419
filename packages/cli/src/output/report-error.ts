import { messageOf, ScoriaError } from '@scoria/core/basics';
import type { Globals } from '../globals.js';
import { UsageError } from '../usage-error.js';
import { printable, printableJson } from './escape.js';

export const FAILED = 1;
export const WRONG_USAGE = 2;

/** Says on standard error why the command failed; returns its exit status. */
export function reportError(error: unknown, { json, verbose }: Pick<Globals, 'json' | 'verbose'>): number {
  const code = codeOf(error);
  const message = messageOf(error);
  const text = json
    ? printableJson({ error: { code, message, details: error instanceof ScoriaError ? error.details : {} } })
    : `scoria: ${message.split('\n').map(printable).join('\n')}`;
  process.stderr.write(`${text}\n`);
  if (verbose && error instanceof Error)
    process.stderr.write(`${withCauses(error).split('\n').map(printable).join('\n')}\n`);
  return code === 'invalid-input' || code === 'usage' ? WRONG_USAGE : FAILED;
}

function codeOf(error: unknown): string {
  if (error instanceof UsageError) return 'usage';
  return error instanceof ScoriaError ? (error.code as string) : 'failed';
}

function withCauses(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${withCauses(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
