import { DriverError } from '@scoria/core';
import { allocateRange } from '@scoria/host';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { copyFile, open, rename } from 'node:fs/promises';
import path from 'node:path';
import { syncDirectory } from '../chain/durable-files.js';
import { systemCode } from '../chain/file-errors.js';

const { O_CREAT, O_EXCL, O_RDWR, O_NOFOLLOW } = constants;

/** Makes a sparse or allocated file that reads as zeroes. */
export async function createRawFile(file: string, sizeBytes: number, preallocated: boolean): Promise<void> {
  await using handle = await open(file, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW, 0o600);
  await setSize(handle, 0, sizeBytes, preallocated);
  await handle.sync();
}

/** Grows a raw file; one that is large enough is left alone. Puts the old size back when there is no room. */
export async function growRawFile(file: string, sizeBytes: number, preallocated: boolean): Promise<void> {
  await using handle = await open(file, O_RDWR | O_NOFOLLOW);
  const { size } = await handle.stat();
  if (size >= sizeBytes) return;
  await setSize(handle, size, sizeBytes, preallocated);
  await handle.sync();
}

async function setSize(handle: FileHandle, from: number, to: number, preallocated: boolean): Promise<void> {
  try {
    await handle.truncate(to);
    if (preallocated) await allocateRange(handle.fd, from, to - from);
  } catch (error) {
    await handle.truncate(from);
    throw error;
  }
  const { size } = await handle.stat();
  if (size === to) return;
  throw new DriverError({
    code: 'failed',
    message: `the file has ${String(size)} bytes after it was set to ${String(to)}`,
  });
}

/** File systems that cannot share blocks between these two files say one of these. */
const CANNOT_CLONE = ['EOPNOTSUPP', 'ENOTSUP', 'EXDEV', 'EINVAL', 'ENOSYS', 'ENOTTY'];

/**
 * Makes `to` share the blocks of `from`: no data are copied (XFS, btrfs and others).
 * @returns false where the file system cannot; nothing is left then
 */
export async function cloneFile(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if (CANNOT_CLONE.includes(systemCode(error))) return false;
    throw error;
  }
}

/** Puts `from` in the place of `to`, which is there, in one step that is on disk when it resolves. */
export async function replaceByRename(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncDirectory(path.dirname(to));
}
