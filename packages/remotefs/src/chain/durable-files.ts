import { renameNoReplace } from '@scoria/host';
import type { FileHandle } from 'node:fs/promises';
import { chmod, chown, link, lstat, mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { systemCode } from './file-errors.js';

/** Whether something has this name, whatever it is. */
export async function isThere(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Waits until the names in a directory are on disk. */
export async function syncDirectory(directory: string): Promise<void> {
  await using handle = await open(directory, 'r');
  await handle.sync();
}

/** Waits until a file's data are on disk. */
export async function syncFile(file: string): Promise<void> {
  await using handle = await open(file, 'r');
  await handle.sync();
}

/** Gives `file` the owner, group and mode of `like`: whoever could use the one can use the other. */
export async function takePermissions(file: string, like: string): Promise<void> {
  const [mine, theirs] = await Promise.all([stat(file), stat(like)]);
  if (mine.uid !== theirs.uid || mine.gid !== theirs.gid) await chown(file, theirs.uid, theirs.gid);
  await chmod(file, theirs.mode & 0o777);
}

/**
 * Replaces a file that names another as a whole: whoever reads it, now or after a crash, finds the old or the new
 * text, and with the new text what it names.
 * @param through where it is written first, on the same file system
 * @param named what the text names: on disk before the text is, and whose owner, group and mode the file gets
 */
export async function replaceFile(file: string, text: string, through: string, named: string): Promise<void> {
  try {
    await Promise.all([syncFile(named), writeSynced(through, text)]);
    await takePermissions(through, named);
    await rename(through, file);
  } catch (error) {
    await removeFile(through);
    throw error;
  }
  await syncDirectory(path.dirname(file));
}

/** Makes the file anew: what is there may be a link that somebody planted. */
async function writeSynced(file: string, text: string): Promise<void> {
  await using handle = await openNew(file);
  await handle.writeFile(text);
  await handle.sync();
}

async function openNew(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'wx', 0o600);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    await removeFile(file);
    return open(file, 'wx', 0o600);
  }
}

/**
 * Does something in a work directory, which is made where it turns out to be missing: on a share, to look first takes
 * as long as to do it.
 * @param work done again after the directory was made
 */
export async function inDirectory<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    await makeDirectory(directory);
    return work();
  }
}

/** Makes a work directory of a share, with those above it; one that is there is fine. */
export async function makeDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o770 });
}

/** Removes a file; one that is gone is fine. */
export async function removeFile(file: string): Promise<void> {
  try {
    await unlink(file);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

/** File systems that cannot rename without replacing say one of these. */
const CANNOT = ['EINVAL', 'ENOSYS', 'EOPNOTSUPP'];

/** Renames a file unless the name is taken (`EEXIST`), for good once it resolves. */
export async function publishFile(from: string, to: string): Promise<void> {
  try {
    await renameNoReplace(from, to);
  } catch (error) {
    if (!CANNOT.includes(systemCode(error))) throw error;
    await link(from, to);
    await unlink(from);
  }
  await syncDirectory(path.dirname(to));
}
