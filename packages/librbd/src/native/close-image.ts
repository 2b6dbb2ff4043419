import type { NativeLibrary } from './native-library.js';
import { Words } from './words.js';

/**
 * Closes an image when librbd has let go of it. The thread that tells that an image is open takes a lock of it once
 * more afterwards (ImageState.cc): where the image is gone by then, the process ends (`std::system_error`). That thread
 * is one of librados's, which tells one thing after the other: so something else that it tells is waited for first. It
 * needs no answer of the cluster.
 * @param pool librados' I/O context, of the same connection
 * @returns what `rbd_close` returned
 */
export async function closeImage(library: NativeLibrary, pool: bigint, image: bigint): Promise<number> {
  const made = new Words(1);
  library.callNow('rados_aio_create_completion2', null, null, made.memory);
  const completion = made.at(0);
  library.callNow('rados_aio_flush_async', pool, completion);
  await library.call('rados_aio_wait_for_complete', completion);
  library.callNow('rados_aio_release', completion);
  return library.call('rbd_close', image);
}
