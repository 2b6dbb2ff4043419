import { messageOf } from '@scoria/core';
import { randomUUID } from 'node:crypto';
import { lstat, mkdir, open, unlink } from 'node:fs/promises';
import path from 'node:path';
import { systemCode } from '../chain/file-errors.js';
import { NoAnswerError, OneAtATime } from './one-at-a-time.js';
import { HIDDEN_DIRECTORY, noAnswerReason } from './share.js';

/** How long a look at a share may take before the share counts as dead. */
export const PROBE_TIMEOUT_MS = 10_000;

/** No room is no reason: what is on a full share can be read and deleted. */
const FULL = new Set(['ENOSPC', 'EDQUOT']);

const NOT_CONNECTED =
  'it is not connected; see whether its server is up and can be reached (where the file system process of the mount ' +
  'has ended, it is mounted again)';

const REASONS: Readonly<Record<string, string>> = {
  EROFS: 'it is mounted read-only; mount it for writing (see its options and its server)',
  ENOENT: 'its directory does not exist; see whether a file system that should be mounted there is missing',
  ENOTDIR: 'its path is not a directory',
  ESTALE: 'its server no longer knows it (stale file handle); unmount it, it is then mounted again',
  ENOTCONN: NOT_CONNECTED,
  // The first calls after a file system process has died.
  ECONNABORTED: NOT_CONNECTED,
  EIO: 'its storage reports an input/output error; see the log of its server',
};

/** Finds out whether files can be created in one directory, with at most one such look under way. */
export class ShareProbe {
  readonly #looks = new OneAtATime<void>();

  /** @param look creates a file in a directory and removes it */
  constructor(
    private readonly directory: string,
    private readonly timeoutMs = PROBE_TIMEOUT_MS,
    private readonly look: (directory: string) => Promise<void> = createAndRemoveFile,
  ) {}

  /**
   * Why the directory cannot be used, or `undefined` if a file can be created in it. Creates one in the hidden
   * directory and removes it again.
   */
  async problem(): Promise<string | undefined> {
    try {
      await this.#looks.run(this.timeoutMs, () => this.look(this.directory));
      return undefined;
    } catch (error) {
      return FULL.has(systemCode(error)) ? undefined : this.#reason(error);
    }
  }

  #reason(error: unknown): string {
    if (error instanceof NoAnswerError) return noAnswerReason(error);
    const code = systemCode(error);
    if (code === 'EACCES' || code === 'EPERM') return notAllowed(this.directory);
    return REASONS[code] ?? `no file can be created on it: ${messageOf(error)}`;
  }
}

function notAllowed(directory: string): string {
  const user = `user ${String(process.geteuid?.())}, group ${String(process.getegid?.())}`;
  return `this process (${user}) may not create files in ${directory}; give its group the right to write there`;
}

async function createAndRemoveFile(directory: string): Promise<void> {
  const hidden = path.join(directory, HIDDEN_DIRECTORY);
  await makeHidden(hidden);
  const file = path.join(hidden, `probe-${randomUUID()}`);
  const handle = await open(file, 'wx', 0o600);
  await handle.close();
  await unlink(file);
}

async function makeHidden(hidden: string): Promise<void> {
  try {
    await mkdir(hidden, 0o770);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
  const found = await lstat(hidden);
  if (!found.isDirectory()) {
    throw new Error(`${hidden} is there and is not a directory; remove it`);
  }
}
