import { ENOENT, ERANGE, nativeError } from './errno.js';
import type { RbdFunction } from './functions.js';
import type { CallOrder, NativeCalls } from './native-calls.js';
import type { NativeLibrary } from './native-library.js';
import { textsIn, Words } from './words.js';

const FIRST_GUESS = 4096;

/**
 * What a function says that fills buffers with texts, however long they are.
 * @param given the arguments before the buffers, each of which is followed by its length
 * @returns the texts in each buffer; undefined where there is nothing of the kind
 */
export async function texts(
  calls: NativeCalls,
  order: CallOrder,
  name: RbdFunction,
  given: readonly (bigint | string | number | BigUint64Array)[],
  count: number,
): Promise<{ readonly result: number; readonly texts: readonly (readonly string[])[] } | undefined> {
  let rooms = Array.from({ length: count }, () => FIRST_GUESS);
  for (;;) {
    const lengths = new Words(count);
    const memory = rooms.map((room, index) => {
      lengths.set(index, room);
      return Buffer.alloc(room);
    });
    const places = memory.flatMap((buffer, index) => [buffer, lengths.from(index)]);
    const result = await calls.run(order, name, ...given, ...places);
    if (result >= 0) {
      return { result, texts: memory.map((buffer, index) => textsIn(buffer, lengths.number(index))) };
    }
    if (result === -ENOENT) return undefined;
    if (result !== -ERANGE) throw nativeError(result, order.subject);
    rooms = rooms.map((room, index) => Math.max(lengths.number(index), room) + 1);
  }
}

/** Bytes that librados made for us, which it has back now; none where there are none. */
export function takeBytes(library: NativeLibrary, address: bigint, length: number): Buffer {
  if (address === 0n) return Buffer.alloc(0);
  const bytes = library.copyOf(address, length);
  library.callNow('rados_buffer_free', address);
  return bytes;
}
