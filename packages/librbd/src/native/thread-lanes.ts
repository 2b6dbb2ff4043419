/** The threads of libuv's pool unless the environment asks for another number. */
const DEFAULT_THREADS = 4;
const MAX_THREADS = 256;

/** Lets so many run at a time; the others wait in the order they came. */
export class Lane {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(readonly width: number) {
    this.#free = width;
  }

  /**
   * Runs it when there is room.
   * @param isGivenUp asked when its turn comes: it is not started any more where this says true
   * @returns undefined where it was not started
   */
  async run<T>(work: () => Promise<T>, isGivenUp: () => boolean): Promise<T | undefined> {
    await this.#enter();
    try {
      return isGivenUp() ? undefined : await work();
    } finally {
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((start) => this.#waiting.push(start));
  }

  /** The room goes on to the next that waits. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}

/** How long a call may take, which says whom it must not hold up. */
export type LaneName = 'short' | 'removal' | 'background';

/**
 * Calls of librbd block a thread of libuv's pool, which the file system and others need too. So that flattening some
 * images does not stop all the rest, calls that take long (flatten, roll back) have a quarter of the threads at most,
 * and those that remove another quarter; short ones have what is left, but for one that is left to others.
 */
export class ThreadLanes {
  readonly short: Lane;
  readonly removal: Lane;
  readonly background: Lane;

  constructor(threads: number) {
    const quarter = Math.max(1, Math.floor(threads / 4));
    this.background = new Lane(quarter);
    this.removal = new Lane(quarter);
    this.short = new Lane(Math.max(1, threads - 2 * quarter - 1));
  }
}

/** How many threads libuv's pool has, as it was told by `UV_THREADPOOL_SIZE` when the process started. */
export function poolThreads(setting: string | undefined): number {
  const threads = Number(setting ?? DEFAULT_THREADS);
  if (!Number.isInteger(threads) || threads < 1) return DEFAULT_THREADS;
  return Math.min(threads, MAX_THREADS);
}
