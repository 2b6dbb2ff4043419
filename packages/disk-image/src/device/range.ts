import { DriverError, type BlockDevice, type DataExtent, type Extent } from '@scoria/core';

/** Raises `invalid-input` for a range that is not within the device. */
export function assertRange(what: string, sizeBytes: number, { offset, length }: Extent): void {
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
  if (whole && offset >= 0 && length >= 0 && offset + length <= sizeBytes) return;
  throw new DriverError({
    code: 'invalid-input',
    message: `${length} bytes at ${offset} are not within ${what}, which has ${sizeBytes} bytes`,
  });
}

/** Raises `invalid-state` for a device that was opened to be read. */
export function assertWritable(what: string, { mode }: Pick<BlockDevice, 'mode'>): void {
  if (mode === 'read-write') return;
  throw new DriverError({ code: 'invalid-state', message: `${what} is open for reading only` });
}

/** Cuts a range into pieces of at most `maxBytes`, in order. */
export function* piecesOf({ offset, length }: Extent, maxBytes: number): Generator<Extent> {
  for (let done = 0; done < length; done += maxBytes) {
    yield { offset: offset + done, length: Math.min(maxBytes, length - done) };
  }
}

/** Joins extents that touch each other and are alike; drops empty ones. */
export async function* joined<E extends Extent & Partial<Pick<DataExtent, 'kind'>>>(
  extents: AsyncIterable<E> | Iterable<E>,
): AsyncGenerator<E> {
  let last: E | undefined;
  for await (const extent of extents) {
    if (extent.length === 0) continue;
    if (last !== undefined && last.kind === extent.kind && last.offset + last.length === extent.offset) {
      last = { ...last, length: last.length + extent.length };
      continue;
    }
    if (last !== undefined) yield last;
    last = extent;
  }
  if (last !== undefined) yield last;
}
