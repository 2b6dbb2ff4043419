import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

import {
  DriverError,
  MIB,
  messageOf,
  type BlockDevice,
  type DataExtent,
  type DeviceMode,
  type Extent,
} from '@scoria/core';
import { nextData, nextHole, punchHole, systemCode } from '@scoria/host';

import { assertAbsolutePath } from '../qemu-img/safe-names.js';
import { OperationGate } from './operation-gate.js';
import { assertRange, assertWritable, joined, piecesOf } from './range.js';

const ZEROES = Buffer.alloc(MIB);
const NO_ROOM: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];
const NOT_POSSIBLE_HERE: readonly unknown[] = ['EOPNOTSUPP', 'ENOSYS', 'EINVAL'];

/**
 * A regular file whose bytes are the device's. It has the size it had when it was opened. Nothing keeps other
 * processes from the file: the caller holds the volume's lock.
 */
export class RawFileDevice implements BlockDevice {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #gate: OperationGate;

  private constructor(
    handle: FileHandle,
    path: string,
    readonly sizeBytes: number,
    readonly mode: DeviceMode,
  ) {
    this.#handle = handle;
    this.#path = path;
    this.#gate = new OperationGate(path);
  }

  /**
   * @param path absolute; a symbolic link and anything but a regular file is refused (`unsafe-image`)
   */
  static async open(path: string, mode: DeviceMode): Promise<RawFileDevice> {
    assertAbsolutePath(path);
    const access = mode === 'read-write' ? constants.O_RDWR : constants.O_RDONLY;
    const handle = await openFile(path, access | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = await handle.stat();
    if (stat.isFile()) return new RawFileDevice(handle, path, stat.size, mode);
    await handle.close();
    throw new DriverError({
      code: 'unsafe-image',
      message: `${path} is not a regular file`,
      details: { path },
    });
  }

  async read(offset: number, length: number): Promise<Buffer> {
    assertRange(this.#path, this.sizeBytes, { offset, length });
    return this.#run('read', () => this.#read(offset, length));
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    assertRange(this.#path, this.sizeBytes, { offset, length: data.length });
    assertWritable(this.#path, this);
    await this.#run('write', () => this.#write(offset, data));
  }

  async zero(offset: number, length: number): Promise<void> {
    assertRange(this.#path, this.sizeBytes, { offset, length });
    assertWritable(this.#path, this);
    if (length > 0) await this.#run('zero', () => this.#zero({ offset, length }));
  }

  async *extents(): AsyncGenerator<DataExtent> {
    yield* joined(this.#runs());
  }

  async *changedExtents(): AsyncGenerator<Extent> {
    const refusal = new DriverError({
      code: 'not-supported',
      message: `${this.#path} is a raw file: it does not know what was changed since a snapshot`,
    });
    yield* await this.#gate.run<Extent[]>(() => Promise.reject(refusal));
  }

  async flush(): Promise<void> {
    if (this.mode === 'read-write') await this.#run('flush', () => this.#handle.datasync());
    else await this.#gate.run(() => Promise.resolve());
  }

  async close(): Promise<void> {
    await this.#gate.close(async () => {
      try {
        if (this.mode === 'read-write') await this.#handle.datasync();
      } catch (error) {
        throw this.#failure('flush', error);
      } finally {
        await this.#handle.close();
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async *#runs(): AsyncGenerator<DataExtent> {
    for (let offset = 0; offset < this.sizeBytes;) {
      const start = offset;
      const { data, end } = await this.#run('map', () => this.#nextRun(start));
      yield { offset, length: data - offset, kind: 'zero' };
      yield { offset: data, length: end - data, kind: 'data' };
      offset = end;
    }
  }

  /** The next run of data, which may be empty at the end. All is data where the file system cannot tell. */
  async #nextRun(offset: number): Promise<{ data: number; end: number }> {
    const size = this.sizeBytes;
    try {
      const data = (await nextData(this.#handle.fd, offset)) ?? size;
      const end = data >= size ? size : ((await nextHole(this.#handle.fd, data)) ?? size);
      return { data: Math.min(data, size), end: Math.min(end, size) };
    } catch (error) {
      if (NOT_POSSIBLE_HERE.includes(systemCode(error))) return { data: offset, end: size };
      throw error;
    }
  }

  async #read(offset: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(length);
    for (let done = 0; done < length;) {
      const { bytesRead } = await this.#handle.read(buffer, done, length - done, offset + done);
      if (bytesRead === 0) throw new Error(`the file ends at ${offset + done}, it was made smaller`);
      done += bytesRead;
    }
    return buffer;
  }

  async #write(offset: number, data: Uint8Array): Promise<void> {
    for (let done = 0; done < data.length;) {
      const { bytesWritten } = await this.#handle.write(data, done, data.length - done, offset + done);
      done += bytesWritten;
    }
  }

  async #zero(range: Extent): Promise<void> {
    try {
      await punchHole(this.#handle.fd, range.offset, range.length);
    } catch (error) {
      if (!NOT_POSSIBLE_HERE.includes(systemCode(error))) throw error;
      for (const { offset, length } of piecesOf(range, ZEROES.length)) {
        await this.#write(offset, ZEROES.subarray(0, length));
      }
    }
  }

  async #run<T>(what: string, work: () => Promise<T>): Promise<T> {
    return this.#gate.run(async () => {
      try {
        return await work();
      } catch (error) {
        throw this.#failure(what, error);
      }
    });
  }

  #failure(what: string, error: unknown): DriverError {
    return new DriverError({
      code: NO_ROOM.includes(systemCode(error)) ? 'no-space' : 'failed',
      message: `cannot ${what} ${this.#path}: ${messageOf(error)}`,
      details: { path: this.#path },
      cause: error,
    });
  }
}

async function openFile(path: string, flags: number): Promise<FileHandle> {
  try {
    return await open(path, flags);
  } catch (error) {
    const isLink = systemCode(error) === 'ELOOP';
    throw new DriverError({
      code: isLink ? 'unsafe-image' : 'failed',
      message: isLink ? `${path} is a symbolic link` : `cannot open ${path}: ${messageOf(error)}`,
      details: { path },
      cause: error,
    });
  }
}
