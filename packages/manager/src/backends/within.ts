import { DriverError } from '@scoria/core';

/** Waits for `work` no longer than `milliseconds`; its signal tells it that nobody waits any more. */
export async function within<T>(
  milliseconds: number,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const error = new DriverError({
        code: 'timeout',
        message: `${what} took longer than ${String(milliseconds / 1000)} s`,
      });
      abort.abort(error);
      reject(error);
    }, milliseconds);
  });
  try {
    return await Promise.race([work(abort.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}
