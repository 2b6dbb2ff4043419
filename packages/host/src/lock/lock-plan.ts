import { LockError, type LockName } from '@scoria/core';
import { isAbsolute, join, normalize } from 'node:path';

export type LockMode = 'exclusive' | 'shared';

/** One lock file to take. */
export interface PlannedLock {
  readonly directory: string;
  readonly name: string;
  readonly path: string;
  readonly mode: LockMode;
}

const LONGEST_NAME_BYTES = 255;

/**
 * What to lock and in which order: by name and then by directory, since hosts mount one share at different
 * places. A name that is listed twice is taken once, exclusively if either asks for that.
 * Raises `lock-failed` for a name that could lead out of its directory.
 */
export function planLocks(names: readonly LockName[]): PlannedLock[] {
  const planned = new Map<string, PlannedLock>();
  for (const lock of names) {
    const directory = checkedDirectory(lock);
    const path = join(directory, checkedName(lock));
    const shared = lock.mode === 'shared' && planned.get(path)?.mode !== 'exclusive';
    planned.set(path, { directory, name: lock.name, path, mode: shared ? 'shared' : 'exclusive' });
  }
  return [...planned.values()].sort((a, b) => compare(a.name, b.name) || compare(a.path, b.path));
}

function checkedDirectory({ directory, name }: LockName): string {
  if (isAbsolute(directory) && !directory.includes('\0')) return normalize(join(directory, '.'));
  throw invalid(`the directory of a lock must be an absolute path, got '${directory}'`, name);
}

function checkedName({ name }: LockName): string {
  const plain = name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name);
  if (plain && Buffer.byteLength(name) <= LONGEST_NAME_BYTES) return name;
  throw invalid(
    `a lock's name must be a plain file name of at most ${LONGEST_NAME_BYTES} bytes, got '${name}'`,
    name,
  );
}

function invalid(message: string, name: string): LockError {
  return new LockError({ code: 'lock-failed', message, details: { name } });
}

/** By code units: a locale's order differs between hosts. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
