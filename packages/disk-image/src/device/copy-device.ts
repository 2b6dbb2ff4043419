import {
  DriverError,
  MIB,
  throwIfCancelled,
  type BlockDevice,
  type DataExtent,
  type OperationContext,
} from '@scoria/core';

import { piecesOf } from './range.js';

const CHUNK_BYTES = 2 * MIB;
/** One request for zeroes may be large, as no bytes are moved; not so large that a cancel waits for it. */
const ZERO_CHUNK_BYTES = 1024 * MIB;
const ZEROES = Buffer.alloc(CHUNK_BYTES);

export interface CopyOptions {
  /**
   * The target is known to read as zeroes, so zeroes are left out. Never for a target with old data: it would
   * show through.
   */
  readonly skipZeroes?: boolean;
  /** How many pieces of 2 MiB are under way at once; 8 unless told. */
  readonly parallel?: number;
}

/**
 * Copies the whole of `source` to the start of `target`, sparsely, and flushes it. What is beyond the source's
 * end stays as it is. Raises `invalid-input` when the target is smaller, `cancelled`, and what the devices raise;
 * then nothing is under way any more, and the target has a part of the data.
 */
export async function copyDevice(
  source: BlockDevice,
  target: BlockDevice,
  context: Pick<OperationContext, 'signal' | 'requestId' | 'progress'>,
  options: CopyOptions = {},
): Promise<void> {
  if (target.sizeBytes < source.sizeBytes) {
    throw new DriverError({
      code: 'invalid-input',
      message: `the target has ${target.sizeBytes} bytes, the source ${source.sizeBytes}`,
    });
  }
  let done = 0;
  await forEachBounded(chunksOf(source), options.parallel ?? 8, async (chunk) => {
    throwIfCancelled(context);
    await copyChunk(source, target, chunk, options);
    done += chunk.length;
    context.progress({ done, total: source.sizeBytes });
  });
  await target.flush();
}

async function copyChunk(
  source: BlockDevice,
  target: BlockDevice,
  { offset, length, kind }: DataExtent,
  { skipZeroes = false }: CopyOptions,
): Promise<void> {
  if (kind === 'data') {
    const data = await source.read(offset, length);
    if (!data.equals(ZEROES.subarray(0, length))) {
      await target.write(offset, data);
      return;
    }
  }
  if (!skipZeroes) await target.zero(offset, length);
}

async function* chunksOf(source: BlockDevice): AsyncGenerator<DataExtent> {
  for await (const extent of source.extents()) {
    const maxBytes = extent.kind === 'data' ? CHUNK_BYTES : ZERO_CHUNK_BYTES;
    for (const piece of piecesOf(extent, maxBytes)) yield { ...piece, kind: extent.kind };
  }
}

/** Runs `work` for each item, at most `limit` at once. After the first failure it starts nothing and waits. */
async function forEachBounded<T>(
  items: AsyncIterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  for await (const item of items) {
    const task = work(item)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => running.delete(task));
    running.add(task);
    if (running.size >= limit) await Promise.race(running);
    if (failures.length > 0) break;
  }
  await Promise.all(running);
  if (failures.length > 0) throw failures[0];
}
