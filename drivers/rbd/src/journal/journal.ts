import { BackendIdentity, Logger } from '@scoria/core';
import type { RbdPool } from '@scoria/librbd';
import { inject, injectable } from 'inversify';
import { hostname } from 'node:os';
import type { Intent, JournalEntry } from './entry.js';
import { decodeEntry, encodeEntry } from './entry.js';

/** The RADOS object in the pool that holds the entries. */
export const JOURNAL_OBJECT = 'scoria_journal';

/**
 * What is under way or left to be done, kept in the pool itself: written before the first of several calls and removed
 * after the last. Operations of one call need none: they are done or not. The object stays when it is empty: another host
 * may be about to write to it.
 */
@injectable()
export class Journal {
  readonly owner: string;
  readonly #withdrawn = new Set<string>();

  constructor(
    @inject(BackendIdentity) { stateDirectory }: BackendIdentity,
    @inject(Logger) private readonly logger: Logger,
  ) {
    this.owner = `${hostname()}:${stateDirectory}`;
  }

  async write(pool: RbdPool, key: string, intent: Intent): Promise<void> {
    const value = encodeEntry({ owner: this.owner, intent });
    this.#withdrawn.delete(key);
    await pool.setKeys(JOURNAL_OBJECT, new Map([[key, value]]));
  }

  async remove(pool: RbdPool, ...keys: readonly string[]): Promise<void> {
    await pool.removeKeys(JOURNAL_OBJECT, keys);
  }

  /** Removes an entry of what this process must not go on with, even where it cannot be removed: {@link isWithdrawn}. */
  async withdraw(pool: RbdPool, key: string): Promise<void> {
    this.#withdrawn.add(key);
    await this.remove(pool, key);
  }

  isWithdrawn(key: string): boolean {
    return this.#withdrawn.has(key);
  }

  /** Every entry; what is none is told in the log and left where it is. */
  async entries(pool: RbdPool): Promise<JournalEntry[]> {
    const found: JournalEntry[] = [];
    for (const [key, value] of await pool.keys(JOURNAL_OBJECT)) {
      const entry = decodeEntry(key, value);
      if (entry === undefined) {
        this.logger.warn(
          `the entry ${key} of ${JOURNAL_OBJECT} in the pool ${pool.name} is none of ours; remove it`,
        );
      } else found.push(entry);
    }
    return found;
  }

  async find(pool: RbdPool, key: string): Promise<JournalEntry | undefined> {
    return (await this.entries(pool)).find((entry) => entry.key === key);
  }

  isOwn({ owner }: JournalEntry): boolean {
    return owner === this.owner;
  }
}
