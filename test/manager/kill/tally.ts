/** Which processes were killed and how often, what became of the operations, and what was read. */
export class KillTally {
  readonly #killed = new Map<string, number>();
  #interrupted = 0;
  #ended = 0;
  #read = 0;

  /** Processes. */
  get kills(): number {
    return [...this.#killed.values()].reduce((sum, count) => sum + count, 0);
  }

  killed(how: string): void {
    this.#killed.set(how, (this.#killed.get(how) ?? 0) + 1);
  }

  /** An operation came to its end, or its process was killed in it. */
  ended(isInterrupted: boolean): void {
    if (isInterrupted) this.#interrupted += 1;
    else this.#ended += 1;
  }

  readAll(volumes: number): void {
    this.#read += volumes;
  }

  describe(): string {
    const ways = [...this.#killed].map(([how, count]) => `${how}: ${String(count)}`).join('; ');
    return (
      `${String(this.kills)} kills (${ways}), ${String(this.#interrupted)} operations interrupted, ` +
      `${String(this.#ended)} ended, ${String(this.#read)} volumes read in passing`
    );
  }
}
