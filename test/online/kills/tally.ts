/** What was found after a kill: nothing of it, all of it, or a journal that the next operation settles. */
export type Outcome = 'undone' | 'done' | 'left open';

/** How many points one operation was killed at, and what became of it. Only those that lost nothing are counted. */
export class Tally {
  readonly #counts = new Map<string, Record<Outcome, number>>();

  count(name: string, outcome: Outcome): void {
    const counts = this.#counts.get(name) ?? { undone: 0, done: 0, 'left open': 0 };
    counts[outcome] += 1;
    this.#counts.set(name, counts);
  }

  get points(): number {
    return [...this.#counts.values()].reduce((sum, counts) => sum + total(counts), 0);
  }

  /** A table for people. */
  describe(): string {
    const lines = [...this.#counts].map(([name, counts]) => line(name, counts));
    return [...lines, `${String(this.points)} points, 0 lost`].join('\n');
  }
}

function total(counts: Readonly<Record<Outcome, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function line(name: string, counts: Readonly<Record<Outcome, number>>): string {
  const { undone, done, 'left open': open } = counts;
  const [points, ...rest] = [total(counts), undone, done, open].map((count) => String(count).padStart(4));
  return (
    `${name.padEnd(70)} ${points ?? ''} points: ${rest[0] ?? ''} undone, ${rest[1] ?? ''} done, ` +
    `${rest[2] ?? ''} left to the next operation, 0 lost`
  );
}
