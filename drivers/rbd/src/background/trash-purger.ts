import { messageOf } from '@scoria/core';
import type { OperationContext } from '@scoria/core';
import { isRbdError } from '@scoria/librbd';
import type { RbdPool } from '@scoria/librbd';
import { inject, injectable } from 'inversify';
import { imageClaim, treeClaim } from '../driver/volume-locks.js';
import { ParentRelease } from '../execute/parent-release.js';
import { progressOf } from '../execute/step-runner.js';
import type { Intent, JournalEntry } from '../journal/entry.js';
import { Journal } from '../journal/journal.js';

type Purge = Extract<Intent, { kind: 'purge' }>;

/** What became of an image in the trash. */
type Outcome = 'gone' | 'back' | 'not-expired' | 'kept';

/** Removes images from the trash that this driver has put there, on whatever host, and never any other. */
@injectable()
export class TrashPurger {
  constructor(
    @inject(Journal) private readonly journal: Journal,
    @inject(ParentRelease) private readonly parents: ParentRelease,
  ) {}

  /** Removes what has been there long enough; tells in the log what could not be removed. */
  async purge(context: OperationContext, pool: RbdPool, entries: readonly JournalEntry[]): Promise<void> {
    const purges = entries.flatMap((entry) =>
      entry.intent.kind === 'purge' ? [{ ...entry, intent: entry.intent }] : [],
    );
    if (purges.length === 0) return;
    const inTrash = new Set((await pool.trash()).map(({ id }) => id));
    for (const entry of purges) {
      const isOwn = this.journal.isOwn(entry);
      if (entry.intent.isPassing === true && !isOwn) continue;
      const isMoved = inTrash.has(entry.intent.id) || !(await isThere(pool, entry.intent));
      if (!isMoved && !isOwn) continue;
      // Whoever is at it holds its image, or its place in the tree.
      const claims = [imageClaim(entry.intent.name), treeClaim(entry.intent.name)];
      await using lock = await this.parents.locks.tryHold(context, claims);
      if (lock === undefined) continue;
      if (isMoved) await this.#purgeOne(context, pool, entry.key, entry.intent);
      else await this.#forget(pool, entry.key, entry.intent);
    }
  }

  /** It never was moved: whoever was about to has died. */
  async #forget(pool: RbdPool, key: string, purge: Purge): Promise<void> {
    if (await isThere(pool, purge)) await this.journal.remove(pool, key);
  }

  async #purgeOne(context: OperationContext, pool: RbdPool, key: string, purge: Purge): Promise<void> {
    try {
      const outcome = await removeFromTrash(context, pool, purge);
      if (outcome !== 'gone' && outcome !== 'back') return;
      if (outcome === 'gone' && purge.parent !== undefined)
        await this.parents.release(context, pool, purge.parent);
      await this.journal.remove(pool, key);
    } catch (error) {
      context.logger.warn(`${purge.name} (${purge.id}) stays in the trash for now: ${messageOf(error)}`);
    }
  }
}

async function removeFromTrash(context: OperationContext, pool: RbdPool, purge: Purge): Promise<Outcome> {
  try {
    return await removeOrPutBack(context, pool, purge);
  } catch (error) {
    if (isRbdError(error, 'not-found')) return 'gone';
    if (isRbdError(error, 'not-expired')) return 'not-expired';
    context.logger.warn(`${purge.name} (${purge.id}) cannot be removed from the trash: ${messageOf(error)}`);
    return 'kept';
  }
}

/** Where somebody has died while he put it back, it had something that uses it: it stays, as he wanted. */
async function removeOrPutBack(context: OperationContext, pool: RbdPool, purge: Purge): Promise<Outcome> {
  const remove = async (): Promise<void> =>
    pool.removeFromTrash(purge.id, { onProgress: progressOf(context), signal: context.signal });
  try {
    await remove();
  } catch (error) {
    if (!isRbdError(error, 'busy')) throw error;
    if (await pool.endRestore(purge.id)) return 'back';
    if (!(await isMoveEnded(pool, purge))) throw error;
    await remove();
  }
  return 'gone';
}

/** Who died while an image was moved has left it between its place and the trash: there it counts as in use. */
async function isMoveEnded(pool: RbdPool, { id, name }: Pick<Purge, 'id' | 'name'>): Promise<boolean> {
  // Another image may have its name.
  if (((await pool.head(name))?.id ?? id) !== id) return false;
  try {
    await pool.moveToTrash(name, 0);
    return true;
  } catch (error) {
    if (isRbdError(error, 'not-found')) return false;
    throw error;
  }
}

/** It was recorded, and is about to be moved, or was not after all: or somebody took it back out. */
async function isThere(pool: RbdPool, { id }: Purge): Promise<boolean> {
  return (await pool.images()).some((image) => image.id === id);
}
