import { open, unlink } from 'node:fs/promises';

import { DriverError, messageOf } from '@scoria/core';

import { assertAbsolutePath } from './safe-names.js';

/**
 * Makes the file before qemu-img fills it: an existing one is never overwritten, and it is never readable by
 * others, not even for a moment. Removes it if `fill` fails.
 */
export async function fillNewFile(path: string, fill: () => Promise<void>): Promise<void> {
  assertAbsolutePath(path);
  await makeEmptyFile(path);
  try {
    await fill();
  } catch (error) {
    await unlink(path).catch(() => undefined); // the reason why `fill` failed says more
    throw error;
  }
}

async function makeEmptyFile(path: string): Promise<void> {
  try {
    const file = await open(path, 'wx', 0o600);
    await file.close();
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw new DriverError({
      code: exists ? 'already-exists' : 'failed',
      message: exists ? `${path} exists already` : `cannot create ${path}: ${messageOf(error)}`,
      details: { path },
      cause: error,
    });
  }
}

/** Waits until the file's data are on disk: qemu-img leaves what it created in the host's cache. */
export async function syncFile(path: string): Promise<void> {
  try {
    await using file = await open(path, 'r');
    await file.sync();
  } catch (error) {
    throw new DriverError({
      code: 'failed',
      message: `cannot write ${path} to disk: ${messageOf(error)}`,
      details: { path },
      cause: error,
    });
  }
}
