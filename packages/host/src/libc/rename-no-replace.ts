import { NativeCall } from './call.js';

const AT_FDCWD = -100;
const RENAME_NOREPLACE = 1;

const renameat2 = new NativeCall('renameat2', 'int', ['int', 'str', 'int', 'str', 'uint']);

/**
 * Renames a file, never over another one: rejects with `EEXIST` when `to` is there.
 * Rejects with `EINVAL` where the file system cannot promise that (NFS).
 */
export async function renameNoReplace(from: string, to: string): Promise<void> {
  await renameat2.call(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}
