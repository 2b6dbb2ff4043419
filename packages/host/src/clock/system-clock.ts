import type { Clock } from '@scoria/core';
import { injectable } from 'inversify';
import { setTimeout as delay } from 'node:timers/promises';
import { timerMs } from './timer.js';

/** The machine's time. */
@injectable()
export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    let left = Math.max(0, milliseconds);
    do {
      const step = timerMs(left);
      await delayUnlessAborted(step, signal);
      left -= step;
    } while (left > 0);
  }
}

async function delayUnlessAborted(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    // Node rejects with an AbortError of its own; the caller asked for the signal's reason.
    signal?.throwIfAborted();
    throw error;
  }
}
