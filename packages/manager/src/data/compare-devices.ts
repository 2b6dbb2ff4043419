import type { BlockDevice, DataExtent, OperationContext } from '@scoria/core';
import { MIB, throwIfCancelled } from '@scoria/core';

const CHUNK_BYTES = 4 * MIB;

/** A run of bytes of two devices. */
interface Stretch {
  readonly offset: number;
  readonly length: number;
  /** Both know it to be zeroes. */
  readonly zero: boolean;
}

/**
 * Where two devices begin to differ, by the piece of 4 MiB; `undefined` where they are the same. Devices of unlike
 * sizes differ at the end of the smaller one.
 */
export async function firstDifference(
  context: Pick<OperationContext, 'signal' | 'requestId' | 'progress'>,
  one: BlockDevice,
  other: BlockDevice,
): Promise<number | undefined> {
  const total = Math.min(one.sizeBytes, other.sizeBytes);
  for await (const { offset, length, zero } of stretches(one.extents(), other.extents())) {
    throwIfCancelled(context);
    if (!zero && !(await isSame(one, other, offset, length))) return offset;
    context.progress({ done: offset + length, total });
  }
  return one.sizeBytes === other.sizeBytes ? undefined : total;
}

async function isSame(
  one: BlockDevice,
  other: BlockDevice,
  offset: number,
  length: number,
): Promise<boolean> {
  const [left, right] = await Promise.all([one.read(offset, length), other.read(offset, length)]);
  return left.equals(right);
}

/** What two devices have in common of their extents, in order, in pieces that fit into memory. */
async function* stretches(
  left: AsyncIterable<DataExtent>,
  right: AsyncIterable<DataExtent>,
): AsyncGenerator<Stretch> {
  const lefts = left[Symbol.asyncIterator]();
  const rights = right[Symbol.asyncIterator]();
  try {
    let [a, b] = [await lefts.next(), await rights.next()];
    let offset = 0;
    while (a.done !== true && b.done !== true) {
      const [endA, endB] = [endOf(a.value), endOf(b.value)];
      const end = Math.min(endA, endB);
      yield* pieces(offset, end, a.value.kind === 'zero' && b.value.kind === 'zero');
      offset = end;
      if (endA === end) a = await lefts.next();
      if (endB === end) b = await rights.next();
    }
  } finally {
    await Promise.all([lefts.return?.(), rights.return?.()]);
  }
}

function* pieces(start: number, end: number, zero: boolean): Generator<Stretch> {
  const step = zero ? end - start : CHUNK_BYTES;
  for (let offset = start; offset < end; offset += step) {
    yield { offset, length: Math.min(step, end - offset), zero };
  }
}

function endOf({ offset, length }: DataExtent): number {
  return offset + length;
}
