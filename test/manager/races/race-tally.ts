import type { History } from './histories.js';

type Way = History['way'];

/** How often races went in which way. */
export class RaceTally {
  readonly #counts = new Map<Way, number>();

  note(way: Way): void {
    this.#counts.set(way, this.count(way) + 1);
  }

  count(way: Way): number {
    return this.#counts.get(way) ?? 0;
  }

  describe(): string {
    return [...this.#counts].map(([way, count]) => `${String(count)} ${way}`).join(', ');
  }
}
