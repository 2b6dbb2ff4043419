import type { FileHandle } from 'node:fs/promises';

/** Random access to the bytes of an image. */
export interface ByteSource {
  /** Length in bytes. */
  readonly size: number;
  /** Reads `length` bytes at `offset`; fewer when the source ends before. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/**
 * A source over an open file. The caller keeps the handle and closes it.
 *
 * @param size length in bytes; taken from the file when not given. A block
 *   device reports no length of its own, so there it must be given.
 */
export async function fileSource(handle: FileHandle, size?: number): Promise<ByteSource> {
  const total = size ?? (await handle.stat()).size;
  return { size: total, read: (offset, length) => readFully(handle, offset, length) };
}

/** A source over bytes in memory. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
  };
}

async function readFully(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, offset + filled);
    if (bytesRead === 0) {
      break;
    }
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
