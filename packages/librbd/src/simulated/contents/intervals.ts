/** A run of bytes: from `start` up to, and without, `end`. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/** Runs in order that neither overlap nor touch. Never changed: every call answers with a new list. */
export type Intervals = readonly Interval[];

/** What is in either. */
export function union(one: Intervals, other: Intervals): Intervals {
  const sorted = [...one, ...other].filter(({ start, end }) => end > start);
  sorted.sort((a, b) => a.start - b.start);
  const merged: Interval[] = [];
  for (const interval of sorted) {
    const last = merged.at(-1);
    if (last === undefined || interval.start > last.end) merged.push(interval);
    else merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, interval.end) };
  }
  return merged;
}

/** What of the first is not in the second. */
export function subtract(from: Intervals, what: Intervals): Intervals {
  let left: Intervals = from;
  for (const hole of what) {
    left = left.flatMap((interval) =>
      [
        { start: interval.start, end: Math.min(interval.end, hole.start) },
        { start: Math.max(interval.start, hole.end), end: interval.end },
      ].filter(({ start, end }) => end > start),
    );
  }
  return left;
}

/** What is in both. */
export function intersect(one: Intervals, other: Intervals): Intervals {
  return one.flatMap((a) =>
    other
      .map((b) => ({ start: Math.max(a.start, b.start), end: Math.min(a.end, b.end) }))
      .filter(({ start, end }) => end > start),
  );
}

/** Each moved by so many bytes. */
export function shift(intervals: Intervals, by: number): Intervals {
  return intervals.map(({ start, end }) => ({ start: start + by, end: end + by }));
}
