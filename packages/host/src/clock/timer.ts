const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A time that a timer of Node can wait: beyond 24 days it would fire at once. */
export function timerMs(milliseconds: number): number {
  return Math.min(Math.max(0, milliseconds), LONGEST_TIMER_MS);
}
