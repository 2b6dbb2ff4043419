import type { Losable } from './attempt.js';

/** The threads of libuv's pool unless the environment asks for another number. */
const DEFAULT_THREADS = 4;
const MAX_THREADS = 256;

/** Whose call it is. */
export interface Caller extends Losable {
  /** Asked when its turn comes: it is not started any more then. */
  readonly isGivenUp: boolean;
}

/** How many threads may be with calls that are lost, while others run in their place. */
export class LostThreads {
  constructor(private most: number) {}

  /** @returns whether there was one left */
  take(): boolean {
    if (this.most <= 0) return false;
    this.most -= 1;
    return true;
  }

  giveBack(): void {
    this.most += 1;
  }
}

/** What a call has in its lane: left when it has ended, or when it is lost and its thread can be spared. */
class Room {
  #state: 'taken' | 'lost' | 'left' = 'taken';

  constructor(
    private readonly lost: LostThreads,
    private readonly leave: () => void,
  ) {}

  lose(): void {
    if (this.#state !== 'taken' || !this.lost.take()) return;
    this.#state = 'lost';
    this.leave();
  }

  end(): void {
    if (this.#state === 'lost') this.lost.giveBack();
    else this.leave();
    this.#state = 'left';
  }
}

/** Lets so many run at a time; the others wait in the order they came. */
export class Lane {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(
    readonly width: number,
    private readonly lost = new LostThreads(0),
  ) {
    this.#free = width;
  }

  /**
   * Runs it when there is room.
   * @returns undefined where it was not started
   */
  async run<T>(work: () => Promise<T>, caller: Caller): Promise<T | undefined> {
    await this.#enter();
    const room = new Room(this.lost, () => this.#leave());
    caller.onLost(() => room.lose());
    try {
      return caller.isGivenUp ? undefined : await work();
    } finally {
      room.end();
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
 * and those that remove another quarter; short ones have what is left, but for one that is left to others. A call that
 * never ends (of a cluster whose address has changed, for one) keeps its thread, and not the room of others in its lane.
 */
export class ThreadLanes {
  readonly short: Lane;
  readonly removal: Lane;
  readonly background: Lane;

  constructor(threads: number) {
    const quarter = Math.max(1, Math.floor(threads / 4));
    // One works, and one is left to others.
    const lost = new LostThreads(threads - 2);
    this.background = new Lane(quarter, lost);
    this.removal = new Lane(quarter, lost);
    this.short = new Lane(Math.max(1, threads - 2 * quarter - 1), lost);
  }
}

/** How many threads libuv's pool has, as it was told by `UV_THREADPOOL_SIZE` when the process started. */
export function poolThreads(setting: string | undefined): number {
  const threads = Number(setting ?? DEFAULT_THREADS);
  if (!Number.isInteger(threads) || threads < 1) return DEFAULT_THREADS;
  return Math.min(threads, MAX_THREADS);
}
