import type { Lock, LockManager, LockName } from '@scoria/core';
import { LockError } from '@scoria/core/basics';
import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import type { Owner, OwnerRegistry } from '../store.js';

const SUFFIX = '.lock';

/** Owners by file locks: the kernel frees them when their process, and what it started, has ended. */
export class FileOwners implements OwnerRegistry {
  readonly #mine = new Map<string, Lock>();

  constructor(
    private readonly locks: LockManager,
    private readonly directory: string,
  ) {}

  async register(): Promise<Owner> {
    await this.#forgetTheDead();
    const id = randomUUID();
    // Another process may be looking whether it is free in the moment in which its file appears.
    this.#mine.set(id, await this.locks.acquire([this.#lockOf(id)], { timeoutMs: 10_000 }));
    const release = () => this.#release(id);
    return { id, lost: new Promise<Error>(() => undefined), release, [Symbol.asyncDispose]: release };
  }

  async deadAmong(ids: readonly string[]): Promise<string[]> {
    const dead: string[] = [];
    for (const id of ids) if (!this.#mine.has(id) && (await this.#isFree(id))) dead.push(id);
    return dead;
  }

  async close(): Promise<void> {
    for (const id of this.#mine.keys()) await this.#release(id);
  }

  /** A lock that can be taken is removed when it is released: so are the files of processes that were killed. */
  async #forgetTheDead(): Promise<void> {
    const files = await readdir(this.directory).catch(() => []);
    const others = files.filter((file) => file.endsWith(SUFFIX)).map((file) => file.slice(0, -SUFFIX.length));
    await this.deadAmong(others);
  }

  async #release(id: string): Promise<void> {
    const lock = this.#mine.get(id);
    this.#mine.delete(id);
    await lock?.release();
  }

  async #isFree(id: string): Promise<boolean> {
    try {
      const lock = await this.locks.acquire([this.#lockOf(id)], { timeoutMs: 0 });
      await lock.release();
      return true;
    } catch (error) {
      if (error instanceof LockError && error.code === 'lock-timeout') return false;
      throw error;
    }
  }

  #lockOf(id: string): LockName {
    return { directory: this.directory, name: `${id}${SUFFIX}` };
  }
}
