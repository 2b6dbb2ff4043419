import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { NativeCall } from './call.js';
import { systemCode } from './system-error.js';

/** F_OFD_GETLK and F_OFD_SETLK: locks of open files, as QEMU takes them. */
const GET_LOCK = 36;
const SET_LOCK = 37;
const F_RDLCK = 0;
const F_WRLCK = 1;
const F_UNLCK = 2;
const SEEK_SET = 0;

/** `struct flock` of 64-bit Linux: type, whence, start, length, process. */
const STRUCT_BYTES = 32;
const START_AT = 8;
const LENGTH_AT = 16;

/** QEMU marks what it does with a file by read locks on single bytes: from here on, one for each permission it has. */
const PERMISSIONS_AT = 100;
/** BLK_PERM_WRITE, WRITE_UNCHANGED and RESIZE: the second bit and the two after it. */
const CHANGING = { first: 1, count: 3 };
/** And by others from here on, one for each permission that nobody else may have. */
const REFUSALS_AT = 200;
const PERMISSIONS = 5;

/** File systems that keep no locks, or cannot be asked about those of others. */
const CANNOT_TELL = ['EINVAL', 'ENOSYS', 'EOPNOTSUPP', 'ENOLCK'];

const fcntl = new NativeCall('fcntl', 'int', ['int', 'int', 'void *']);

/** Who has an image open, as far as the file system can tell. */
export interface ImageUse {
  /** Whether a process of QEMU has it open to change it; `unknown` where the file system keeps no locks. */
  readonly writing: boolean | 'unknown';
}

/**
 * Asks the file system whether QEMU (a hypervisor, a storage daemon, a tool) has an image open to change it: on this
 * host, and on others where the file system passes locks on. A file that is not there is not open.
 * Source of the layout: QEMU's image locking (block/file-posix.c).
 */
export async function isOpenInQemu(file: string): Promise<ImageUse> {
  try {
    // A pipe that somebody planted is not waited for.
    await using handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    return { writing: await isLocked(handle.fd, PERMISSIONS_AT + CHANGING.first, CHANGING.count) };
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT') return { writing: false };
    if (code !== undefined && CANNOT_TELL.includes(code)) return { writing: 'unknown' };
    throw error;
  }
}

/**
 * Keeps QEMU from opening an image, on every host that sees its locks, until it is disposed of: what is decided about
 * a file by nobody having it open stays so. The file may be removed meanwhile.
 * @returns `in-use` where QEMU has it open, to change it or to read it; `unknown` where the file system keeps no locks
 * @throws SystemError where the file is not there
 */
export async function keepFromQemu(file: string): Promise<AsyncDisposable | 'in-use' | 'unknown'> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const end = await refuseAll(handle.fd).catch(async (error: unknown) => {
    await handle.close();
    throw error;
  });
  if (end === 'kept') return handle;
  await handle.close();
  return end;
}

/** In QEMU's own order: whoever opens it at the same moment is seen by one of the two, or by both. */
async function refuseAll(fd: number): Promise<'kept' | 'in-use' | 'unknown'> {
  try {
    await fcntl.call(fd, SET_LOCK, lockOn(F_RDLCK, REFUSALS_AT, PERMISSIONS));
    return (await isLocked(fd, PERMISSIONS_AT, PERMISSIONS)) ? 'in-use' : 'kept';
  } catch (error) {
    const code = systemCode(error);
    if (code !== undefined && CANNOT_TELL.includes(code)) return 'unknown';
    throw error;
  }
}

/** Whether anybody else holds a lock on any of some bytes of an open file. Takes none. */
async function isLocked(fd: number, first: number, count: number): Promise<boolean> {
  const lock = lockOn(F_WRLCK, first, count);
  await fcntl.call(fd, GET_LOCK, lock);
  return lock.readInt16LE(0) !== F_UNLCK;
}

function lockOn(type: number, first: number, count: number): Buffer {
  const lock = Buffer.alloc(STRUCT_BYTES);
  lock.writeInt16LE(type, 0);
  lock.writeInt16LE(SEEK_SET, 2);
  lock.writeBigInt64LE(BigInt(first), START_AT);
  lock.writeBigInt64LE(BigInt(count), LENGTH_AT);
  return lock;
}
