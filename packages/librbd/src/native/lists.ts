import { ERANGE, nativeError } from './errno.js';
import type { RbdFunction } from './functions.js';
import type { CallOrder, NativeCalls } from './native-calls.js';
import { Words } from './words.js';

const FIRST_GUESS = 32;

/** A function of librbd that fills an array of structures, whose texts have to be given back. */
export interface ListFunction {
  readonly name: RbdFunction;
  /** How many words one structure has. */
  readonly width: number;
  readonly cleanup:
    'rbd_snap_list_end' | `rbd_${'image_spec' | 'linked_image_spec' | 'trash' | 'watchers'}_list_cleanup`;
}

/**
 * Everything that there is in a list, however long it is.
 * @param entry reads one structure, which begins at this word
 */
export async function listAll<T>(
  calls: NativeCalls,
  order: CallOrder,
  list: ListFunction,
  handle: bigint,
  entry: (words: Words, at: number) => T,
): Promise<T[]> {
  for (let room = FIRST_GUESS; ;) {
    const words = new Words(room * list.width);
    const size = new Words(1);
    size.set(0, room);
    const result = await calls.run(order, list.name, handle, words.memory, size.memory);
    if (result >= 0) {
      const count = list.name === 'rbd_snap_list' ? result : size.number(0);
      return taken(calls, list, words, count, entry);
    }
    if (result !== -ERANGE) throw nativeError(result, order.subject);
    room = Math.max(size.number(0), room + 1); // there may be more by then: asked again
  }
}

function taken<T>(
  { library }: NativeCalls,
  { cleanup, width }: ListFunction,
  words: Words,
  count: number,
  entry: (words: Words, at: number) => T,
): T[] {
  const entries = Array.from({ length: count }, (_, index) => entry(words, index * width));
  if (cleanup === 'rbd_snap_list_end') library.callNow(cleanup, words.memory);
  else library.callNow(cleanup, words.memory, count);
  return entries;
}
