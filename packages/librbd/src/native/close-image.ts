import type { NativeLibrary } from './native-library.js';
import { Words } from './words.js';

/**
 * Closes an image when librbd has let go of it. The thread that tells that an image is open takes a lock of it once
 * more afterwards (ImageState.cc): where the image is gone by then, the process ends (`std::system_error`).
 * @param pool librados' I/O context, of the same connection
 * @returns what `rbd_close` returned
 */
export async function closeImage(library: NativeLibrary, pool: bigint, image: bigint): Promise<number> {
  await allIsTold(library, pool);
  return library.call('rbd_close', image);
}

/**
 * librados tells one thing after the other: what it had to tell before is over when it has told of something else,
 * which here needs no answer of the cluster. Without a limit of its own, as `rbd_close` is: who closes has one.
 */
async function allIsTold(library: NativeLibrary, pool: bigint): Promise<void> {
  const made = new Words(1);
  library.callNow('rados_aio_create_completion2', null, null, made.memory);
  const completion = made.at(0);
  try {
    library.callNow('rados_aio_flush_async', pool, completion);
    await library.call('rados_aio_wait_for_complete', completion);
  } finally {
    library.callNow('rados_aio_release', completion);
  }
}
