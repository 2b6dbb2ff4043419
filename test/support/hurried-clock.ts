import type { Clock } from '@scoria/core';
import { setTimeout as sleep } from 'node:timers/promises';

const FASTER = 20;

/** A clock on which nobody waits for long, and which can be put forward. */
export class HurriedClock implements Clock {
  #ahead = 0;

  now(): number {
    return Date.now() + this.#ahead;
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await sleep(milliseconds / FASTER, undefined, signal === undefined ? {} : { signal });
  }

  putForward(milliseconds: number): void {
    this.#ahead += milliseconds;
  }
}
