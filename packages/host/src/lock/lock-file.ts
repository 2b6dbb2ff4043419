import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, stat, unlink } from 'node:fs/promises';
import { tryFlock, unlockFlock } from '../libc/flock.js';
import { systemCode } from '../libc/system-error.js';
import { keepsNamesInSync } from './local-file-system.js';
import type { HeldLock } from './held-locks.js';
import type { LockMode, PlannedLock } from './lock-plan.js';

/** O_CLOEXEC is what Node opens everything with: a child gets a lock only where it is passed on. */
const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
const PERMISSIONS = 0o600;

/**
 * One open lock file, locked or waiting for it. Whoever releases the lock removes the file first, so a
 * waiter may find that it has locked a file that has no name any more: it opens the name again.
 */
export class LockFile implements HeldLock {
  readonly path: string;
  abandoned = false;
  readonly #handle: FileHandle;
  #mode: LockMode;
  #stale = false;

  private constructor(handle: FileHandle, path: string, mode: LockMode) {
    this.#handle = handle;
    this.path = path;
    this.#mode = mode;
  }

  /** Opens the file, which is made when missing, and its directory too. */
  static async open(lock: PlannedLock): Promise<LockFile> {
    try {
      return await LockFile.#openIn(lock);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      await mkdir(lock.directory, { recursive: true });
      return LockFile.#openIn(lock);
    }
  }

  static async #openIn({ path, mode }: PlannedLock): Promise<LockFile> {
    return new LockFile(await open(path, FLAGS, PERMISSIONS), path, mode);
  }

  get fd(): number {
    return this.#handle.fd;
  }

  get mode(): LockMode {
    return this.#mode;
  }

  /** True once the file was found to have lost its name; a lock on it means nothing. */
  get isStale(): boolean {
    return this.#stale;
  }

  /** @returns `busy` when someone else holds it, `stale` when the file has lost its name meanwhile */
  async tryLock(): Promise<'locked' | 'busy' | 'stale'> {
    if (!(await tryFlock(this.fd, this.#mode))) return 'busy';
    this.#stale = !(await this.#isNamed());
    return this.#stale ? 'stale' : 'locked';
  }

  /** Unlocks, after removing the file where that is safe and `remove` asks for it. */
  async release(remove: boolean): Promise<void> {
    if (this.abandoned) return this.close();
    if (remove) await this.#remove();
    try {
      await unlockFlock(this.fd);
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #remove(): Promise<void> {
    try {
      if (await this.#mayRemove()) await unlink(this.path);
    } catch {
      // An empty file that stays behind is not worth failing what the lock was for.
    }
  }

  /** Only who holds a file's lock alone removes it: others may hold a shared lock through it. */
  async #mayRemove(): Promise<boolean> {
    if (this.#mode === 'shared' && !(await this.#becomeExclusive())) return false;
    const answers = await Promise.all([keepsNamesInSync(this.path), this.#isNamed()]);
    return answers.every(Boolean);
  }

  async #becomeExclusive(): Promise<boolean> {
    this.#mode = 'exclusive';
    return tryFlock(this.fd, 'exclusive');
  }

  async #isNamed(): Promise<boolean> {
    try {
      const [opened, named] = await Promise.all([
        this.#handle.stat({ bigint: true }),
        stat(this.path, { bigint: true }),
      ]);
      return opened.nlink > 0n && opened.ino === named.ino && opened.dev === named.dev;
    } catch (error) {
      const code = systemCode(error);
      if (code === 'ENOENT' || code === 'ESTALE') return false;
      throw error;
    }
  }
}
