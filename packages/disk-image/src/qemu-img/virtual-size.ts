import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

import { DriverError, SECTOR_BYTES } from '@scoria/core';

import type { ChainLayer } from './chain-layer.js';
import { assertAbsolutePath } from './safe-names.js';

const HEADER_BYTES = 32;
const MAGIC = 'QFI\xfb';
const SIZE_OFFSET = 24;

/**
 * The size of the disk that a layer holds, in bytes, read without running anything. Raises `damaged` where a
 * file that is recorded as qcow2 is none, and `failed` where it cannot be read.
 */
export async function readVirtualSize(layer: ChainLayer): Promise<number> {
  assertAbsolutePath(layer.path);
  try {
    await using file = await open(
      layer.path,
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
    if (layer.format === 'raw') {
      const { size } = await file.stat();
      return Math.ceil(size / SECTOR_BYTES) * SECTOR_BYTES;
    }
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
    return sizeInHeader(layer.path, buffer.subarray(0, bytesRead));
  } catch (error) {
    if (error instanceof DriverError) throw error;
    throw new DriverError({
      code: 'failed',
      message: `cannot read the size of ${layer.path}`,
      details: { path: layer.path },
      cause: error,
    });
  }
}

function sizeInHeader(path: string, header: Buffer): number {
  const size = header.length === HEADER_BYTES ? Number(header.readBigUInt64BE(SIZE_OFFSET)) : NaN;
  if (header.toString('latin1', 0, MAGIC.length) === MAGIC && Number.isSafeInteger(size)) return size;
  throw new DriverError({
    code: 'damaged',
    message: `${path} is recorded as qcow2, but has no qcow2 header`,
    details: { path },
  });
}
