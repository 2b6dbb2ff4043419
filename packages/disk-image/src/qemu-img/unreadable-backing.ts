import { randomUUID } from 'node:crypto';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DriverError } from '@scoria/core';

import type { BlockNode } from './block-graph.js';

/**
 * Stands in for the layers below an image, so that qemu can work on that image without opening them and still
 * does not take them for empty: it has a size, and every look into it fails. So an operation that needs data
 * from below ends with an error instead of writing zeroes where there is data.
 *
 * @param sizeBytes the size of the disk below
 * @param work gets the node; it is valid until `work` ends
 */
export async function withUnreadableBacking<T>(
  sizeBytes: number,
  work: (node: BlockNode) => Promise<T>,
): Promise<T> {
  await using file = await namelessFile(sizeBytes);
  // `snapshot-access` can read only above a filter that is not there.
  return await work({
    driver: 'snapshot-access',
    'read-only': true,
    file: { driver: 'file', filename: `/proc/${process.pid}/fd/${file.fd}` },
  });
}

/** It has no name, so that nothing of it is left when the process dies. */
async function namelessFile(sizeBytes: number): Promise<FileHandle> {
  const path = join(tmpdir(), `scoria-${randomUUID()}`);
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'wx+', 0o600);
    await unlink(path);
    await file.truncate(sizeBytes);
    return file;
  } catch (error) {
    await file?.close();
    throw new DriverError({
      code: 'failed',
      message: `cannot make a temporary file in ${tmpdir()}`,
      cause: error,
    });
  }
}
