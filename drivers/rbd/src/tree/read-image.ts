import { isRbdError } from '@scoria/librbd';
import type { ParentImage, RbdImage, RbdPool, SnapshotEntry } from '@scoria/librbd';
import type { ImageNode, SnapshotNode } from './image-node.js';

/** What is wanted besides what an open image tells by itself. */
export interface ReadWishes {
  /** Of which snapshots the children. */
  readonly children?: (snapshot: SnapshotEntry) => boolean;
  /** The parent also where only snapshots have it still. */
  readonly parentOfSnapshots?: boolean;
}

/**
 * An image as it is now, opened for reading only, so that it is in nobody's way.
 * @returns undefined where there is none
 */
export async function readImage(
  pool: RbdPool,
  name: string,
  wishes: ReadWishes = {},
): Promise<ImageNode | undefined> {
  const image = await openIfThere(pool, name);
  if (image === undefined) return undefined;
  try {
    return await nodeOf(pool, name, image, wishes);
  } finally {
    await image.close();
  }
}

export async function openIfThere(pool: RbdPool, name: string): Promise<RbdImage | undefined> {
  try {
    return await pool.openImage(name, { readOnly: true });
  } catch (error) {
    if (isRbdError(error, 'not-found')) return undefined;
    throw error;
  }
}

async function nodeOf(
  pool: RbdPool,
  name: string,
  image: RbdImage,
  { children = () => false, parentOfSnapshots = false }: ReadWishes,
): Promise<ImageNode> {
  const [{ id, sizeBytes, stripeUnitBytes }, entries, own] = await Promise.all([
    image.info(),
    image.snapshots(),
    image.parent(),
  ]);
  const snapshots: SnapshotNode[] = [];
  for (const entry of entries) {
    snapshots.push({ ...entry, children: children(entry) ? await image.children(entry.id) : [] });
  }
  const parent = own ?? (parentOfSnapshots ? await parentInSnapshots(pool, name, entries) : undefined);
  return { name, id, sizeBytes, stripeUnitBytes, snapshots, parent, isFlat: own === undefined };
}

/** An image has one parent in its life, so that the first snapshot that has it is enough. */
async function parentInSnapshots(
  pool: RbdPool,
  name: string,
  entries: readonly SnapshotEntry[],
): Promise<ParentImage | undefined> {
  for (const entry of entries) {
    if (entry.namespace !== 'user') continue;
    const parent = await parentOfSnapshot(pool, name, entry.name);
    if (parent !== undefined) return parent;
  }
  return undefined;
}

/** @returns undefined also where the snapshot is gone */
export async function parentOfSnapshot(
  pool: RbdPool,
  name: string,
  snapshot: string,
): Promise<ParentImage | undefined> {
  try {
    await using image = await pool.openImage(name, { snapshot });
    return await image.parent();
  } catch (error) {
    if (isRbdError(error, 'not-found')) return undefined;
    throw error;
  }
}
