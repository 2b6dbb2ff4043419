import { isRbdError } from '@scoria/librbd';
import type { ImageHead, ParentImage, RbdImage, RbdPool, SnapshotEntry, SnapshotHead } from '@scoria/librbd';
import type { ImageNode, SnapshotNode } from './image-node.js';

/** What is wanted besides what an image tells by itself. */
export interface ReadWishes {
  /** Of which snapshots the children. */
  readonly children?: (snapshot: SnapshotEntry) => boolean;
  /** The parent also where only snapshots have it still. */
  readonly parentOfSnapshots?: boolean;
}

/**
 * An image as it is now, without opening it, so that it is in nobody's way.
 * @returns undefined where there is none
 */
export async function readImage(
  pool: RbdPool,
  name: string,
  { children = () => false, parentOfSnapshots = false }: ReadWishes = {},
): Promise<ImageNode | undefined> {
  const head = await pool.head(name);
  if (head === undefined) return undefined;
  const { id, sizeBytes, stripeUnitBytes, isLocked } = head;
  const own = ownParent(head);
  const snapshots = await Promise.all(
    head.snapshots.map(async (snapshot) => snapshotNode(pool, id, snapshot, children)),
  );
  const parent = parentOfSnapshots ? head.parent : own;
  const rest = { isFlat: own === undefined, isHalfRenamed: false, isLocked };
  return { name, id, sizeBytes, stripeUnitBytes, snapshots, parent, ...rest };
}

/** What the data of the image itself comes from. */
export function ownParent({ parent }: ImageHead): ParentImage | undefined {
  return parent !== undefined && parent.overlapBytes > 0 ? parent : undefined;
}

async function snapshotNode(
  pool: RbdPool,
  imageId: string,
  { isProtected, childrenOfFormat2, overlapBytes: _overlap, ...entry }: SnapshotHead,
  isWanted: (snapshot: SnapshotEntry) => boolean,
): Promise<SnapshotNode> {
  const mayHave = isProtected || childrenOfFormat2 > 0;
  const children = mayHave && isWanted(entry) ? await childrenOf(pool, imageId, entry.id) : [];
  return { ...entry, children };
}

/** None of a snapshot that has gone meanwhile. */
async function childrenOf(
  pool: RbdPool,
  imageId: string,
  snapshotId: number,
): Promise<SnapshotNode['children']> {
  try {
    return await pool.children(imageId, snapshotId);
  } catch (error) {
    if (isRbdError(error, 'not-found')) return [];
    throw error;
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

/** @returns undefined also where the snapshot is gone */
export async function parentOfSnapshot(
  pool: RbdPool,
  name: string,
  snapshot: string,
): Promise<ParentImage | undefined> {
  const head = await pool.head(name);
  const entry = head && userSnapshot(head, snapshot);
  if (head?.parent === undefined || entry === undefined || entry.overlapBytes === 0) return undefined;
  return { ...head.parent, overlapBytes: entry.overlapBytes };
}

export function userSnapshot({ snapshots }: ImageHead, name: string): SnapshotHead | undefined {
  return snapshots.find((snapshot) => snapshot.namespace === 'user' && snapshot.name === name);
}
