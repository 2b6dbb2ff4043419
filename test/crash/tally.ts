import type { Outcome } from './aftermath.js';

/** How many points one operation was killed at, and what became of it. */
export interface Tally {
  readonly operation: string;
  points: number;
  done: number;
  undone: number;
  leaks: number;
}

export function newTally(operation: string): Tally {
  return { operation, points: 0, done: 0, undone: 0, leaks: 0 };
}

export function count(tally: Tally, outcome: Outcome): void {
  tally.points += 1;
  tally[outcome] += 1;
}

/** A table for people: every operation with its points, and the sum. Only those that lost nothing get here. */
export function tallyTable(title: string, tallies: readonly Tally[]): string {
  const sum = newTally(title);
  for (const { points, done, undone, leaks } of tallies) {
    sum.points += points;
    sum.done += done;
    sum.undone += undone;
    sum.leaks += leaks;
  }
  return [...tallies, sum]
    .map(
      ({ operation, points, done, undone, leaks }) =>
        `${operation.padEnd(48)} ${String(points).padStart(5)} points: ${String(undone).padStart(4)} undone, ` +
        `${String(done).padStart(4)} done, ${String(leaks)} leaked clusters, 0 lost`,
    )
    .join('\n');
}
