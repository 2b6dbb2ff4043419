import { DriverError } from '@scoria/core';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { systemCode } from './file-errors.js';

/** Not blocking, so that a pipe in the file's place does not hold the process. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * The text of a record on a share. Others can write there: a link in its place would show, in an error's text, what
 * it leads to; a pipe would never end.
 * @returns undefined where there is no such file
 * @throws DriverError `damaged` for anything but a regular file of at most `maxBytes`; a system error
 */
export async function readSmallFile(file: string, maxBytes: number): Promise<string | undefined> {
  try {
    await using handle = await open(file, FLAGS);
    const stats = await handle.stat();
    if (!stats.isFile()) throw damaged(file, 'it is no regular file');
    if (stats.size > maxBytes) throw damaged(file, `it has ${String(stats.size)} bytes`);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(stats.size), 0, stats.size, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    if (systemCode(error) === 'ELOOP') throw damaged(file, 'it is a symbolic link', error);
    if (systemCode(error) === 'ENXIO') throw damaged(file, 'it is no regular file', error);
    throw error;
  }
}

function damaged(file: string, found: string, cause?: unknown): DriverError {
  return new DriverError({
    code: 'damaged',
    message: `${path.basename(file)} in ${path.dirname(file)} is not read: ${found}. Nothing was changed; see who put it there`,
    details: { file },
    cause,
  });
}
