import { isDriverError, messageOf } from '@scoria/core';
import type { OperationContext } from '@scoria/core';
import type { RbdPool } from '@scoria/librbd';
import { inject, injectable } from 'inversify';
import { backupIdOf } from '../backup/backup-names.js';
import { backupClaim } from '../backup/open-backup.js';
import { RbdTools } from '../driver/rbd-tools.js';
import { imageClaim, snapshotClaim } from '../driver/volume-locks.js';
import type { LockClaim } from '../driver/volume-locks.js';
import { removeCutOffSnapshots } from '../execute/cut-off-snapshots.js';
import { runPlan, uncancellable } from '../execute/plan-executor.js';
import { removeRemains } from '../execute/remove-remains.js';
import type { Intent, JournalEntry } from '../journal/entry.js';
import { imageOfKey } from '../journal/entry.js';
import { undoClone } from '../journal/undo-clone.js';
import { isDeletedImage } from '../names.js';
import { parentOfSnapshot, readImage } from '../tree/read-image.js';
import { TrashPurger } from './trash-purger.js';

/**
 * Finishes or undoes what dead processes of this host have left, by the journal and by what is in the pool. What a
 * living process has under way is locked, and left alone; so is what other hosts have written, whose locks cannot be
 * seen from here.
 */
@injectable()
export class Recovery {
  constructor(
    @inject(RbdTools) private readonly tools: RbdTools,
    @inject(TrashPurger) private readonly purger: TrashPurger,
  ) {}

  /** At the start: also deleted images that nothing depends on any more go. */
  async start(context: OperationContext): Promise<void> {
    await this.tools.connection.useInBackground('finish what was cut off', async ({ pool }) => {
      await this.tools.flattenStates.forgetTheDead(pool);
      await this.#finishEntries(context, pool);
      for (const { id, name } of await pool.images()) {
        if (isDeletedImage(name))
          await this.#attempt(context, name, () => this.#tidy(context, pool, { id, name }));
      }
    });
  }

  /** Now and then. */
  async again(context: OperationContext): Promise<void> {
    await this.tools.connection.useInBackground('look for what is left to be done', ({ pool }) =>
      this.#finishEntries(context, pool),
    );
  }

  async #finishEntries(context: OperationContext, pool: RbdPool): Promise<void> {
    const entries = await this.tools.journal.entries(pool);
    for (const entry of begunFirst(entries)) {
      if (entry.intent.kind === 'purge' || !this.tools.journal.isOwn(entry)) continue;
      await this.#attempt(context, entry.key, () => this.#finish(context, pool, entry));
    }
    await this.purger.purge(context, pool, entries);
  }

  /** One that cannot be put in order stands in nobody's way but its own. */
  async #attempt(context: OperationContext, name: string, body: () => Promise<void>): Promise<void> {
    try {
      await body();
    } catch (error) {
      if (isDriverError(error, 'cancelled')) throw error;
      context.logger.warn(`${name} could not be put in order yet: ${messageOf(error)}`, { image: name });
    }
  }

  async #finish(context: OperationContext, pool: RbdPool, { key, intent }: JournalEntry): Promise<void> {
    const { locks, journal, flattens } = this.tools;
    if (intent.kind === 'flatten' && intent.isCancelled !== true) {
      flattens.add(key);
      return;
    }
    await using lock = await locks.tryHold(context, [claimOf(key)]);
    if (lock === undefined) return;
    // It may have ended since it was read.
    const entry = await journal.find(pool, key);
    if (entry?.intent.kind !== intent.kind) return;
    if (journal.isWithdrawn(key)) {
      await journal.remove(pool, key);
      return;
    }
    if (!('isWaiting' in intent))
      context.logger.warn(`go on with ${intent.kind} of ${key}, which was cut off`);
    if (await this.#run(context, pool, key, entry.intent)) await journal.remove(pool, key);
  }

  /** @returns whether that was all */
  async #run(context: OperationContext, pool: RbdPool, image: string, intent: Intent): Promise<boolean> {
    switch (intent.kind) {
      case 'clone':
        await undoClone(context, this.tools, pool, { image, source: intent.source });
        return true;
      case 'release': {
        await this.#endRemoval(pool, image);
        const isReleased = await this.tools.parents.release(context, pool, intent.parent);
        return isReleased || intent.isWaiting !== true;
      }
      case 'revert':
        await this.#revert(context, pool, imageOfKey(image), intent);
        return true;
      case 'flatten':
        return this.#flattenAgain(pool, image, intent);
      case 'purge':
        return false;
    }
  }

  async #endRemoval(pool: RbdPool, image: string): Promise<void> {
    if (isOfSnapshot(image)) await removeCutOffSnapshots(pool, image.slice(0, image.lastIndexOf('@')));
    else if (!(await isReadable(pool, image))) await removeRemains(pool, image);
  }

  /** Somebody wanted to delete it, and has not. */
  async #flattenAgain(
    pool: RbdPool,
    image: string,
    { parent }: Extract<Intent, { kind: 'flatten' }>,
  ): Promise<boolean> {
    // What was begun ends by letting go of the parent, also where the image is gone.
    if (parent === undefined && !(await isReadable(pool, image))) return true;
    await this.tools.flattens.queue(pool, image);
    return false;
  }

  async #revert(
    context: OperationContext,
    pool: RbdPool,
    image: string,
    { snapshot, sizeBytes }: Extract<Intent, { kind: 'revert' }>,
  ): Promise<void> {
    await this.tools.flattens.whileStopped(context, pool, image, async () => {
      const node = await readImage(pool, image);
      const isThere = node?.snapshots.some(
        ({ name, namespace }) => namespace === 'user' && name === snapshot,
      );
      if (node === undefined || isThere !== true) return;
      const parent = node.isFlat ? await parentOfSnapshot(pool, image, snapshot) : undefined;
      const back = parent === undefined ? 'roll-back' : 'copy-back';
      const plan = {
        operation: `revert ${image}`,
        steps: [
          { kind: back, image, snapshot },
          { kind: 'resize', image, sizeBytes },
        ],
      } as const;
      await runPlan(uncancellable(context), pool, plan, this.tools.helpers);
    });
  }

  async #tidy(context: OperationContext, pool: RbdPool, image: { id: string; name: string }): Promise<void> {
    await using lock = await this.tools.locks.tryHold(context, [imageClaim(image.name)]);
    if (lock === undefined) return;
    if (await isReadable(pool, image.name)) await this.tools.parents.tidy(context, pool, image);
    else await removeRemains(pool, image.name);
  }
}

/** A flattening that was begun has something to go on with, and its turn comes before those that only wait. */
function begunFirst(entries: readonly JournalEntry[]): JournalEntry[] {
  const isBegun = ({ intent }: JournalEntry): boolean =>
    intent.kind === 'flatten' && intent.parent !== undefined;
  return [...entries.filter(isBegun), ...entries.filter((entry) => !isBegun(entry))];
}

/** An entry is of an image, or of a snapshot of one. */
function claimOf(key: string): LockClaim {
  const at = key.lastIndexOf('@');
  if (isOfSnapshot(key)) return claimOfSnapshot(key.slice(0, at), key.slice(at + 1));
  return imageClaim(imageOfKey(key));
}

/** What is done to a backup is held by its id. */
function claimOfSnapshot(image: string, snapshot: string): LockClaim {
  const backupId = backupIdOf(snapshot);
  return backupId === undefined ? snapshotClaim(image, snapshot) : backupClaim(image, backupId, 'exclusive');
}

function isOfSnapshot(key: string): boolean {
  return key.includes('@');
}

async function isReadable(pool: RbdPool, name: string): Promise<boolean> {
  return (await pool.head(name)) !== undefined;
}
