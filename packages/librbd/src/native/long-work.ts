import type { LongCall } from '../model/long-call.js';
import { ECANCELED, rbdError } from './errno.js';
import type { CallOrder } from './native-calls.js';
import type { NativeCallback, NativeLibrary } from './native-library.js';

/**
 * Runs a call of librbd that takes long, with a callback by which it says how far it is and hears that it should end.
 * For each object of the image librbd waits until our event loop has answered: a call without either is faster.
 */
export async function followed(
  library: NativeLibrary,
  { onProgress, signal }: LongCall,
  { attempt, subject }: CallOrder,
  run: (callback: NativeCallback | undefined) => Promise<number>,
): Promise<number> {
  if (onProgress === undefined && signal === undefined) return run(undefined);
  const thrown: unknown[] = [];
  const isToEnd = (): boolean => signal?.aborted === true || thrown.length > 0;
  using callback = library.onProgress((done, total) => {
    attempt.heard();
    if (isToEnd()) return -ECANCELED;
    try {
      onProgress?.(done, total);
    } catch (error) {
      thrown.push(error); // not for librbd's thread
    }
    return isToEnd() ? -ECANCELED : 0;
  });
  const result = await run(callback);
  if (thrown.length === 0) return result;
  throw rbdError('cancelled', subject, 'what was to be told of its progress failed', { cause: thrown[0] });
}
