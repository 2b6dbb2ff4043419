import { isRbdError } from '../errors.js';
import type { RbdImage } from '../model/image.js';
import type { RbdPool } from '../model/pool.js';

/** Removes every image and all trash of a pool, children before their parents. */
export async function emptyPool(pool: RbdPool): Promise<void> {
  for (let left = await countOf(pool); left > 0;) {
    await removeWhatCanBe(pool);
    const now = await countOf(pool);
    if (now === left)
      throw new Error(`the pool ${pool.name} cannot be emptied: ${String(now)} images are left`);
    left = now;
  }
}

/** Snapshots count, so that removing one is a step forward. */
async function countOf(pool: RbdPool): Promise<number> {
  let count = (await pool.trash()).length;
  for (const { name } of await pool.images()) {
    count += 1;
    await using image = await opened(pool.openImage(name, { readOnly: true }));
    count += (await image?.snapshots())?.length ?? 0;
  }
  return count;
}

async function removeWhatCanBe(pool: RbdPool): Promise<void> {
  for (const { id } of await pool.trash()) {
    await withoutSnapshots(await opened(pool.openImage({ id })));
    await unlessHeld(pool.removeFromTrash(id, { force: true }));
  }
  for (const { name } of await pool.images()) {
    await withoutSnapshots(await opened(pool.openImage(name)));
    await unlessHeld(pool.removeImage(name));
  }
}

async function withoutSnapshots(opened: RbdImage | undefined): Promise<void> {
  if (opened === undefined) return;
  await using image = opened;
  for (const { name, namespace } of await image.snapshots()) {
    if (namespace !== 'user') continue;
    if (await image.isProtected(name)) await unlessHeld(image.unprotectSnapshot(name));
    await unlessHeld(image.removeSnapshot(name));
  }
}

async function unlessHeld(removal: Promise<void>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    if (!isRbdError(error, 'busy', 'not-empty', 'not-found')) throw error;
  }
}

/** undefined for one of which a removal has left nothing but the name. */
async function opened(opening: Promise<RbdImage>): Promise<RbdImage | undefined> {
  try {
    return await opening;
  } catch (error) {
    if (isRbdError(error, 'not-found')) return undefined;
    throw error;
  }
}
