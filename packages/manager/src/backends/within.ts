import { DriverError } from '@scoria/core';

export interface Limit {
  readonly milliseconds: number;
  /** Ends the wait before. */
  readonly signal: AbortSignal;
  /** What to say when it takes longer. */
  readonly late: string;
}

/** Waits for `work` no longer than it may take; its signal tells it that nobody waits any more. */
export async function within<T>(
  { milliseconds, signal, late }: Limit,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (signal.aborted) throw stopping();
  const abort = new AbortController();
  const end = (reason: DriverError): void => {
    abort.abort(reason);
  };
  const timer = setTimeout(() => {
    end(new DriverError({ code: 'timeout', message: late }));
  }, milliseconds);
  const onStop = (): void => {
    end(stopping());
  };
  signal.addEventListener('abort', onStop, { once: true });
  try {
    return await Promise.race([rejection(abort.signal), work(abort.signal)]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onStop);
  }
}

function stopping(): DriverError {
  return new DriverError({ code: 'cancelled', message: 'the manager is stopping' });
}

async function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
