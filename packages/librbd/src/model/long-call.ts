/**
 * What may be told of a call that takes long, and how to end it. A call that is followed (with `onProgress` or `signal`)
 * is given up with `timed-out` when there was no word of its progress for ten times as long as another call may take. One
 * that is not is faster, as librbd does not wait for an answer with each object, and goes on for as long as it takes, also
 * where the cluster does not answer, unless it is known to be brief. Growing an image is followed in any case.
 */
export interface LongCall {
  /** `done` of `total`, in the units of librbd (objects); may be called often. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the call with `cancelled` at the next progress; what it has done so far stays done and can be repeated. */
  readonly signal?: AbortSignal;
  /** There is little to do: it is given up after the same time without being followed. */
  readonly isBrief?: boolean;
}

/** So many times as long as another call may take, one that is followed may say nothing. */
const SILENCE_TIMES = 10;

/**
 * How long a call that takes long may say nothing of its progress, in milliseconds; undefined where it goes on for as long
 * as it takes.
 * @param limitMs how long another call may take
 */
export function silenceLimitMs(
  { onProgress, signal, isBrief = false }: LongCall,
  limitMs: number,
): number | undefined {
  const isLimited = isBrief || onProgress !== undefined || signal !== undefined;
  return isLimited ? SILENCE_TIMES * limitMs : undefined;
}
