import { DriverOptions } from '@scoria/core';
import type { OperationContext } from '@scoria/core';
import type { RbdPool } from '@scoria/librbd';
import { inject, injectable } from 'inversify';
import { treeClaim, VolumeLocks } from '../driver/volume-locks.js';
import type { ParentReference } from '../journal/entry.js';
import { purgeKey, referenceOf } from '../journal/entry.js';
import { Journal } from '../journal/journal.js';
import { withReaders } from '../journal/kept-snapshots.js';
import { deletedImage, isCloneSnapshot, isDeletedImage, livingName } from '../names.js';
import type { RbdOptions } from '../options.js';
import type { RemovalPolicy } from '../plan/delete-plans.js';
import { mayRelease, planRelease } from '../plan/delete-plans.js';
import type { ImageNode } from '../tree/image-node.js';
import { readImage } from '../tree/read-image.js';
import { runPlan, uncancellable } from './plan-executor.js';
import type { StepHelpers, TrashedImage } from './step-helpers.js';
import { WatchedImages } from './watched-images.js';

/** Removes what ancestors keep for a child that is gone or independent: on every delete, all the way up. */
@injectable()
export class ParentRelease {
  readonly policy: RemovalPolicy;

  constructor(
    @inject(VolumeLocks) readonly locks: VolumeLocks,
    @inject(Journal) readonly journal: Journal,
    @inject(WatchedImages) private readonly watched: WatchedImages,
    @inject(DriverOptions) options: RbdOptions,
  ) {
    const { enable_deferred_deletion: isDeferred, deferred_deletion_delay: seconds } = options;
    this.policy = { trashSeconds: isDeferred ? seconds : undefined };
  }

  /**
   * Goes on from parent to parent as far as there is something to do. Can be repeated, also where others do the same.
   * @returns false where the first of them is still needed
   */
  async release(context: OperationContext, pool: RbdPool, first: ParentReference): Promise<boolean> {
    const inner = uncancellable(context);
    const journaled: string[] = [];
    let isReleased: boolean | undefined;
    for (let link: ParentReference | undefined = first; link !== undefined;) {
      const one: Released = await this.#releaseOne(inner, pool, link);
      isReleased ??= one.isReleased;
      if (one.journaled !== undefined) journaled.push(one.journaled);
      link = one.next;
    }
    if (journaled.length > 0) await this.journal.remove(pool, ...journaled);
    return isReleased ?? true;
  }

  /** Removes what nobody needs of a deleted image, the image itself with the last of it, and so on upwards. */
  async tidy(context: OperationContext, pool: RbdPool, node: Pick<ImageNode, 'name' | 'id'>): Promise<void> {
    await this.release(context, pool, wholeImage(pool, node));
  }

  /** As {@link tidy}, for an image whose place in the tree the caller holds. */
  async tidyHeld(
    context: OperationContext,
    pool: RbdPool,
    node: Pick<ImageNode, 'name' | 'id'>,
  ): Promise<void> {
    const { next, journaled } = await this.#releaseHeld(uncancellable(context), pool, wholeImage(pool, node));
    if (next !== undefined) await this.release(context, pool, next);
    if (journaled !== undefined) await this.journal.remove(pool, journaled);
  }

  readonly helpers: Omit<StepHelpers, 'queueFlatten'> = {
    whileWatched: (context, work) => this.watched.whileWatched(context, work),
    claimTrash: (pool, trashed) => this.claimTrash(pool, trashed),
    unclaimTrash: (pool, { id }) => this.journal.remove(pool, purgeKey(id)),
  };

  readonly #stepHelpers: StepHelpers = {
    ...this.helpers,
    queueFlatten: () => Promise.reject(new TypeError('a parent is never flattened')),
  };

  async claimTrash(pool: RbdPool, { id, image, parent, isPassing }: TrashedImage): Promise<void> {
    await this.journal.write(pool, purgeKey(id), {
      kind: 'purge',
      id,
      name: image,
      ...(parent === undefined ? {} : { parent }),
      ...(isPassing === undefined ? {} : { isPassing }),
    });
  }

  async #releaseOne(context: OperationContext, pool: RbdPool, link: ParentReference): Promise<Released> {
    if (link.pool !== pool.name) return { isReleased: true };
    await using _lock = await this.locks.hold(context, [treeClaim(link.image)]);
    return await this.#releaseHeld(context, pool, link);
  }

  async #releaseHeld(context: OperationContext, pool: RbdPool, link: ParentReference): Promise<Released> {
    const node = await this.#find(pool, link);
    if (node === undefined) return { isReleased: true };
    const plan = planRelease(node, link, this.policy);
    const next = plan.goesOn ? node.parent : undefined;
    // Once it is gone, nothing else tells what it depended on.
    const isToNote = next !== undefined && mayRelease(next, pool.name);
    if (isToNote) await this.journal.write(pool, node.name, { kind: 'release', parent: referenceOf(next) });
    await runPlan(context, pool, plan, this.#stepHelpers);
    const isNeeded = node.snapshots.some(({ id, children }) => id === link.snapshotId && children.length > 0);
    return {
      isReleased: !isNeeded,
      ...(next === undefined ? {} : { next }),
      ...(isToNote ? { journaled: node.name } : {}),
    };
  }

  /** It may have been renamed since it was looked at: deleted, or taken over under another name. */
  async #find(
    pool: RbdPool,
    { image, imageId, snapshotId }: ParentReference,
  ): Promise<ImageNode | undefined> {
    const read = async (name: string): Promise<ImageNode | undefined> => {
      const node = await readImage(pool, name, {
        children: ({ id, name: snapshot, namespace }) =>
          id === snapshotId || namespace === 'trash' || (isDeletedImage(name) && isCloneSnapshot(snapshot)),
        parentOfSnapshots: true,
      });
      return node?.id === imageId ? withReaders(this.journal, pool, node, snapshotId) : undefined;
    };
    for (const name of new Set([image, deletedImage(livingName(image))])) {
      const node = await read(name);
      if (node !== undefined) return node;
    }
    const entry = (await pool.images()).find(({ id }) => id === imageId);
    return entry && read(entry.name);
  }
}

/** A reference to no snapshot in particular. */
function wholeImage(pool: RbdPool, { name, id }: Pick<ImageNode, 'name' | 'id'>): ParentReference {
  return { pool: pool.name, image: name, imageId: id, snapshot: '', snapshotId: -1 };
}

interface Released {
  readonly isReleased: boolean;
  /** What the image depended on itself. */
  readonly next?: ParentReference;
  /** The key of the entry that is to be removed when that is released. */
  readonly journaled?: string;
}
