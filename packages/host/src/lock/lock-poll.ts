import { setTimeout as delay } from 'node:timers/promises';
import { LockFile } from './lock-file.js';
import type { PlannedLock } from './lock-plan.js';
import type { LockWaiter } from './lock-waiter.js';

const FIRST_POLL_MS = 1;
const LONGEST_POLL_MS = 20;

/**
 * Takes the lock for the first of `waiters`, who may change meanwhile. While it is taken, whoever must not
 * wait is refused; an error is the first waiter's.
 * @returns undefined when nobody waits any more, or after an error
 */
export async function pollForLock(
  lock: PlannedLock,
  waiters: readonly LockWaiter[],
): Promise<LockFile | undefined> {
  let file: LockFile | undefined;
  let pause = FIRST_POLL_MS;
  for (let first = waiters[0]; first !== undefined; first = waiters[0]) {
    try {
      file = await openFor(first, lock, file);
      const outcome = await file.tryLock();
      if (outcome === 'locked') return file;
      if (outcome === 'busy') {
        refuseWhoTriesOnce(waiters);
        // Those who began to wait at once must not try at once for ever.
        await delay(pause * (0.5 + Math.random() / 2));
        pause = Math.min(pause * 1.5, LONGEST_POLL_MS);
      }
    } catch (error) {
      first.fail(error);
      break;
    }
  }
  await file?.close();
  return undefined;
}

/** Of those who wait, refuses the ones who came to try once. */
export function refuseWhoTriesOnce(waiters: readonly LockWaiter[]): void {
  for (const waiter of waiters.filter(({ triesOnce }) => triesOnce)) waiter.timeOut();
}

/** The file that is open already, unless it is of no use any more. */
async function openFor(waiter: LockWaiter, lock: PlannedLock, file?: LockFile): Promise<LockFile> {
  if (file?.mode === waiter.mode && !file.isStale) return file;
  await file?.close();
  return LockFile.open({ ...lock, mode: waiter.mode });
}
