import { injectable } from 'inversify';
import { join } from 'node:path';

/** An open lock file that this process holds. */
export interface HeldLock {
  readonly path: string;
  readonly fd: number;
  /** Set when a child process that holds the lock too could not be killed: the lock stays with it. */
  abandoned: boolean;
}

/** The locks that a child process keeps open. */
export interface LentLocks {
  readonly fds: readonly number[];
  /** Leaves these locks to the child, which goes on: they end when it does. */
  abandon(): void;
}

/**
 * The locks this process holds now. Child processes inherit them, so that a lock outlives a killed holder
 * for as long as a program it started still writes: whoever takes the lock next finds nobody at work. Those
 * that another process starts get a socket which keeps the files open.
 * Releasing unlocks the open file, and with it every copy that children have.
 */
@injectable()
export class HeldLocks {
  readonly #held = new Set<HeldLock>();

  add(lock: HeldLock): void {
    this.#held.add(lock);
  }

  remove(lock: HeldLock): void {
    this.#held.delete(lock);
  }

  /**
   * For a child that is started in the same turn of the event loop, before a descriptor can be closed.
   * @param directories that it works in; all of the locks unless told
   */
  lend(directories: readonly string[] = ['/']): LentLocks {
    const above = directories.map((directory) => join(directory, '/'));
    const locks = [...this.#held].filter(({ path }) => above.some((each) => path.startsWith(each)));
    return {
      fds: locks.map(({ fd }) => fd),
      abandon: () => {
        for (const lock of locks) lock.abandoned = true;
      },
    };
  }
}
