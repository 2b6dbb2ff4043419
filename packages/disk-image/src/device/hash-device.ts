import { createHash } from 'node:crypto';

import { MIB, type BlockDevice } from '@scoria/core';

import { piecesOf } from './range.js';

const CHUNK_BYTES = 4 * MIB;
const ZEROES = Buffer.alloc(CHUNK_BYTES);

/** The hash of the whole raw view, zeroes included, as lower-case hexadecimal digits. */
export async function hashDevice(device: BlockDevice, algorithm = 'sha256'): Promise<string> {
  const hash = createHash(algorithm);
  for await (const extent of device.extents()) {
    for (const { offset, length } of piecesOf(extent, CHUNK_BYTES)) {
      hash.update(extent.kind === 'data' ? await device.read(offset, length) : ZEROES.subarray(0, length));
    }
  }
  return hash.digest('hex');
}
