import type { DriverErrorCode } from '@scoria/core';
import { isDriverError } from '@scoria/core';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RbdBackend } from '../rbd-backend.js';

/** The time limit of each call to the cluster; those that are to succeed have it too, on a busy machine. */
export const LIMIT_MS = 2000;
/** An operation makes some calls one after the other, and takes back what it did; each of those has the limit. */
export const OPERATION_MS = 20 * LIMIT_MS;
/** The statistics take one connection and two calls. */
export const STATS_MS = 5 * LIMIT_MS;
export const BACK_MS = 60_000;

export const OPTIONS = {
  rados_connect_timeout: LIMIT_MS / 1000,
  rados_connection_retries: 10,
  rados_connection_interval: 1,
  // What was cut off is looked for every second.
  deferred_deletion_purge_interval: 1,
};

/** What a cluster that does not answer comes to: nobody answers, or the lock of an image is not to be had. */
export const IN_TROUBLE: readonly DriverErrorCode[] = ['unavailable', 'timeout', 'volume-busy'];

export async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  const controller = new AbortController();
  const late = sleep(limitMs, undefined, { signal: controller.signal }).then(() => {
    throw new Error(`no end after ${String(limitMs)} ms`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    controller.abort();
  }
}

/** Repeats it until it is done, as whoever keeps records does: nothing but its time is limited. */
export async function eventually(work: () => Promise<void>): Promise<void> {
  const end = Date.now() + BACK_MS;
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
      await sleep(200);
    }
  }
}

export async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

export function codeOf(error: unknown): DriverErrorCode | 'done' {
  if (error === undefined) return 'done';
  if (!isDriverError(error)) throw new Error('no error of the contract', { cause: error });
  return error.code;
}

export async function statsAnswer(of: RbdBackend): Promise<DriverErrorCode | 'done'> {
  return codeOf(await failure(within(STATS_MS, of.driver.stats(of.context()))));
}
