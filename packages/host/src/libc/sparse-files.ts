import { NativeCall } from './call.js';
import { systemCode } from './system-error.js';

const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const FALLOC_FL_KEEP_SIZE = 0x01;
const FALLOC_FL_PUNCH_HOLE = 0x02;
const FALLOC_FL_ZERO_RANGE = 0x10;

const lseek = new NativeCall('lseek64', 'int64', ['int', 'int64', 'int']);
const fallocate = new NativeCall('fallocate64', 'int', ['int', 'int', 'int64', 'int64']);

async function seek(fd: number, offset: number, whence: number): Promise<number | undefined> {
  try {
    return await lseek.call(fd, offset, whence);
  } catch (error) {
    if (systemCode(error) === 'ENXIO') return undefined;
    throw error;
  }
}

/**
 * The first byte at or after `offset` that is allocated. File systems that cannot tell say `offset`.
 * Moves the file's position, so read and write with explicit positions.
 * @returns undefined when nothing but a hole follows, or `offset` is at or beyond the end
 */
export async function nextData(fd: number, offset: number): Promise<number | undefined> {
  return seek(fd, offset, SEEK_DATA);
}

/**
 * The first byte at or after `offset` that is in a hole; the end of the file counts as one.
 * @returns undefined when `offset` is at or beyond the end
 */
export async function nextHole(fd: number, offset: number): Promise<number | undefined> {
  return seek(fd, offset, SEEK_HOLE);
}

/**
 * Gives the space of a range back; it reads as zeroes, and the file's size stays.
 * Rejects with `EOPNOTSUPP` where the file system cannot.
 */
export async function punchHole(fd: number, offset: number, length: number): Promise<void> {
  await fallocate.call(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}

/**
 * Zeroes a range that stays allocated, without writing it; the file's size stays.
 * Rejects with `EOPNOTSUPP` where the file system cannot.
 */
export async function zeroRange(fd: number, offset: number, length: number): Promise<void> {
  await fallocate.call(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, offset, length);
}

/**
 * Allocates a range, so that writing there cannot run out of space; grows the file where it ends before.
 * Rejects with `ENOSPC`, and `EOPNOTSUPP` where the file system cannot.
 */
export async function allocateRange(fd: number, offset: number, length: number): Promise<void> {
  await fallocate.call(fd, 0, offset, length);
}
