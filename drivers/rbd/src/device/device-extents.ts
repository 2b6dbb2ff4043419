import type { DataExtent } from '@scoria/core';
import type { DiffExtent } from '@scoria/librbd';

/** What differs from nothing, as extents that cover a device: gaps and what was trimmed are zeroes. */
export async function* asDeviceExtents(
  found: AsyncIterable<DiffExtent>,
  sizeBytes: number,
): AsyncGenerator<DataExtent> {
  let pending: DataExtent | undefined;
  for await (const piece of withGaps(found, sizeBytes)) {
    if (pending?.kind === piece.kind) {
      pending = { ...pending, length: pending.length + piece.length };
      continue;
    }
    if (pending !== undefined) yield pending;
    pending = piece;
  }
  if (pending !== undefined) yield pending;
}

async function* withGaps(found: AsyncIterable<DiffExtent>, sizeBytes: number): AsyncGenerator<DataExtent> {
  let end = 0;
  for await (const { offset, length, exists } of found) {
    const start = Math.max(offset, end);
    const stop = Math.min(offset + length, sizeBytes);
    if (stop <= start) continue;
    if (start > end) yield { offset: end, length: start - end, kind: 'zero' };
    yield { offset: start, length: stop - start, kind: exists ? 'data' : 'zero' };
    end = stop;
  }
  if (end < sizeBytes) yield { offset: end, length: sizeBytes - end, kind: 'zero' };
}
