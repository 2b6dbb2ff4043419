import { CommandError, DriverError, type CommandLimits, type DriverErrorCode } from '@scoria/core';

interface Reading {
  readonly code: DriverErrorCode;
  /** Said instead of the tool's own last line. */
  readonly advice?: string;
}

/** What the tools print, in the order in which it counts. `LC_ALL=C` holds the texts still. */
const SAID: readonly (readonly [pattern: RegExp, reading: Reading])[] = [
  [/no space left (on device|in the file header)|disk quota exceeded/i, { code: 'no-space' }],
  [/image size is too large/i, { code: 'invalid-input' }],
  [/file too large/i, { code: 'no-space', advice: 'the file would be larger than files may be there' }],
  [
    /cannot allocate memory|failed to (allocate|map segment)|out of memory|qemu_thread_create/i,
    { code: 'unsafe-image', advice: 'it needed more memory or threads than it may take, and was stopped' },
  ],
  [
    /failed to (get|lock) .*\block\b|is another process using/i,
    { code: 'volume-busy', advice: 'another process has the image open' },
  ],
];

const BY_COMMAND_CODE = {
  'command-not-found': { code: 'unavailable', advice: 'it is not installed: install qemu-utils' },
  'command-not-allowed': { code: 'unavailable' },
  'command-failed': { code: 'failed' },
  'command-killed': { code: 'failed' },
  'command-timeout': { code: 'timeout' },
  'command-cancelled': { code: 'cancelled' },
  'command-output-too-large': { code: 'unsafe-image' },
} as const satisfies Record<CommandError['code'], Reading>;

/** Signals that end a process which reaches one of its limits. */
const LIMIT_SIGNALS: Readonly<Record<string, Reading>> = {
  SIGXCPU: {
    code: 'unsafe-image',
    advice: 'it needed more processor time than it may take, and was stopped',
  },
  SIGXFSZ: { code: 'unsafe-image', advice: 'it wrote a larger file than it may, and was stopped' },
};

/**
 * What a failed run of one of qemu's tools means for the driver. Errors that are no {@link CommandError} are
 * returned as they are.
 * @param what the tool, what it was to do, and the file: 'qemu-img resize of /srv/a'
 */
export function toolError(error: unknown, what: string, limits: CommandLimits = {}): Error {
  if (!(error instanceof CommandError)) return error instanceof Error ? error : new Error(String(error));
  const { code, advice } = readingOf(error, limits);
  return new DriverError({
    code,
    message: `${what} failed: ${advice ?? error.message.trim().split('\n').at(-1) ?? error.code}`,
    details: error.details,
    cause: error,
  });
}

function readingOf(error: CommandError, limits: CommandLimits): Reading {
  const known: Reading = BY_COMMAND_CODE[error.code];
  if (known.code !== 'failed') return known;
  const { signal } = error.details;
  const limit = typeof signal === 'string' ? LIMIT_SIGNALS[signal] : undefined;
  if (limit !== undefined) return limit;
  // qemu goes on after SIGXFSZ and reports the failed write.
  const tooLarge = /file too large/i.test(error.message) && limits.fileSizeBytes !== undefined;
  if (tooLarge) return { ...LIMIT_SIGNALS.SIGXFSZ, code: 'unsafe-image' };
  return SAID.find(([pattern]) => pattern.test(error.message))?.[1] ?? known;
}
