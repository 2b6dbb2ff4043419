/** Operation → the seconds of each time it ran. */
export type Timings = Readonly<Record<string, readonly number[]>>;

export interface BenchResult {
  readonly ours: Timings;
  /** OpenStack Cinder's driver, run in turn with ours. */
  readonly peer?: Timings;
  /** The tools alone, run in turn with ours. */
  readonly bare?: Timings;
}

/** Collects how long things take. */
export class Stopwatch {
  readonly timings: Record<string, number[]> = {};

  async time<T>(operation: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await work();
    this.add(operation, (performance.now() - start) / 1000);
    return result;
  }

  add(operation: string, seconds: number): void {
    (this.timings[operation] ??= []).push(Number(seconds.toFixed(6)));
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** A table of medians in milliseconds, and how ours compare with the others. */
export function printReport({ ours, peer, bare }: BenchResult): void {
  const rows = Object.entries(ours).map(([operation, seconds]) => {
    const row: Record<string, string> = { operation, 'ms (median)': milliseconds(median(seconds)) };
    if (peer !== undefined) Object.assign(row, comparison('Cinder', seconds, peer[operation]));
    if (bare !== undefined) Object.assign(row, comparison('bare tool', seconds, bare[operation]));
    return row;
  });
  console.table(rows);
}

function comparison(
  name: string,
  ours: readonly number[],
  theirs: readonly number[] | undefined,
): Record<string, string> {
  if (theirs === undefined) return { [`${name} ms`]: '-', [`ours / ${name}`]: '-' };
  const other = median(theirs);
  return { [`${name} ms`]: milliseconds(other), [`ours / ${name}`]: (median(ours) / other).toFixed(3) };
}

function milliseconds(seconds: number): string {
  return (seconds * 1000).toFixed(2);
}
