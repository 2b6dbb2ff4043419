import { CommandError, DriverError, messageOf, type DriverErrorCode, type ErrorDetails } from '@scoria/core';

interface Reading {
  readonly code: DriverErrorCode;
  /** Said instead of the tool's own last line. */
  readonly advice?: string;
}

/** What the tools print, in the order in which it counts. `LC_ALL=C` holds the texts still. */
const SAID: readonly (readonly [pattern: RegExp, reading: Reading])[] = [
  [/no space left on device|disk quota exceeded|file too large|\benospc\b|\bedquot\b/i, { code: 'no-space' }],
  [
    /cannot allocate memory|failed to allocate|out of memory/i,
    { code: 'unsafe-image', advice: 'it needed more memory than any sound image does, and was stopped' },
  ],
  [/failed to (get|lock) .*lock|is another process using/i, { code: 'volume-busy' }],
];

const BY_COMMAND_CODE = {
  'command-not-found': { code: 'unavailable', advice: 'it is not installed: install qemu-utils' },
  'command-not-allowed': { code: 'unavailable' },
  'command-failed': { code: 'failed' },
  'command-killed': { code: 'failed' },
  'command-timeout': { code: 'timeout' },
  'command-cancelled': { code: 'cancelled' },
  'command-output-too-large': { code: 'unsafe-image', advice: 'it printed far more than any sound image makes it' },
} as const satisfies Record<CommandError['code'], Reading>;

/** Signals that end a process which reaches one of its limits. */
const LIMIT_SIGNALS: Readonly<Record<string, Reading>> = {
  SIGXCPU: { code: 'unsafe-image', advice: 'it needed more processor time than it may take, and was stopped' },
  SIGXFSZ: { code: 'no-space', advice: 'it wrote more than it may, and was stopped' },
};

/**
 * What a failed run of one of qemu's tools means for the driver. Errors that are no {@link CommandError} are
 * returned as they are.
 * @param what the tool, what it was to do, and the file: 'qemu-img resize of /srv/a'
 */
export function toolError(error: unknown, what: string): unknown {
  if (!(error instanceof CommandError)) return error;
  const { code, advice } = readingOf(error);
  return new DriverError({
    code,
    message: `${what} failed: ${advice ?? lastLine(error)}`,
    details: error.details,
    cause: error,
  });
}

function readingOf(error: CommandError): Reading {
  const known: Reading = BY_COMMAND_CODE[error.code];
  if (known.code !== 'failed') return known;
  const limit = LIMIT_SIGNALS[textIn(error.details, 'signal')];
  if (limit !== undefined) return limit;
  const said = `${textIn(error.details, 'stderr')}\n${error.message}`;
  return SAID.find(([pattern]) => pattern.test(said))?.[1] ?? known;
}

function lastLine(error: CommandError): string {
  const lines = textIn(error.details, 'stderr').trim().split('\n');
  const last = lines.at(-1)?.trim() ?? '';
  return last === '' ? messageOf(error) : last;
}

function textIn(details: ErrorDetails, key: string): string {
  const value = details[key];
  return typeof value === 'string' ? value : '';
}
