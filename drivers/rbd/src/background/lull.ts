import { AT_ONCE_MS, type UserWork } from './user-work.js';

/** How long after something that users waited for the next is taken to be about to come, in milliseconds. */
export const QUIET_MS = 100;

/**
 * How much longer users have waited for nothing than they usually do, in milliseconds; below 0 where the next thing that
 * they wait for may be about to come.
 */
export function overdueBy(work: UserWork): number {
  return work.quietFor() - Math.max(QUIET_MS, 2 * work.usualPause());
}

/** Whether they pause regularly, long enough for something to be done meanwhile. */
export function areRegular(work: UserWork): boolean {
  return work.usualPause() >= 2 * QUIET_MS;
}

/** Whether it is a good time for what is to give way to them: they have just begun to pause, or have not come as usual. */
export function isLull(work: UserWork): boolean {
  return isEarly(work) || overdueBy(work) >= 0;
}

/** Whether they pause regularly, and are not even half through with it. */
export function isEarly(work: UserWork): boolean {
  const quiet = work.quietFor();
  return areRegular(work) && quiet >= AT_ONCE_MS && quiet < work.usualPause() / 2;
}
