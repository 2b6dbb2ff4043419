import { DriverError } from '@scoria/core';

/** Waits for work that others wait for too: a signal ends the wait, and not the work. */
export async function abandonable<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
  what: string,
): Promise<T> {
  if (signal === undefined) return work;
  let abandon = (): void => {};
  const abandoned = new Promise<never>((_resolve, reject) => {
    abandon = () => {
      const message = `${what} was not waited for: the operation was cancelled`;
      reject(new DriverError({ code: 'cancelled', message, cause: signal.reason }));
    };
  });
  signal.addEventListener('abort', abandon, { once: true });
  if (signal.aborted) abandon();
  try {
    return await Promise.race([work, abandoned]);
  } finally {
    signal.removeEventListener('abort', abandon);
  }
}
