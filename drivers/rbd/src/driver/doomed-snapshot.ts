import type { ChildImage, ParentImage, RbdImage, RbdPool, SnapshotEntry } from '@scoria/librbd';
import type { HoldersLook } from '../tree/snapshot-holders.js';
import { snapshotHolders } from '../tree/snapshot-holders.js';
import { openIfThere, parentOfSnapshot } from '../tree/read-image.js';

/** A snapshot that is to go. */
export interface DoomedSnapshot {
  readonly entry: SnapshotEntry;
  /** What it depends on by itself: its image does not any more. */
  readonly parent: ParentImage | undefined;
  /** Images that depend on it, in either clone format. Looked for only where it has a parent of its own. */
  readonly children: readonly ChildImage[];
  /** Of its image. */
  readonly others: readonly SnapshotEntry[];
}

/** @returns undefined where there is no such image or snapshot */
export async function findDoomed(
  pool: RbdPool,
  image: string,
  name: string,
): Promise<DoomedSnapshot | undefined> {
  const open = await openIfThere(pool, image);
  if (open === undefined) return undefined;
  try {
    return await doomedIn(pool, image, open, name);
  } finally {
    await open.close();
  }
}

async function doomedIn(
  pool: RbdPool,
  image: string,
  open: RbdImage,
  name: string,
): Promise<DoomedSnapshot | undefined> {
  const snapshots = await open.snapshots();
  const entry = snapshots.find((snapshot) => snapshot.namespace === 'user' && snapshot.name === name);
  if (entry === undefined) return undefined;
  const isFlat = (await open.parent()) === undefined;
  const parent = isFlat ? await parentOfSnapshot(pool, image, name) : undefined;
  const children = parent === undefined ? [] : await open.children(entry.id);
  return { entry, parent, children, others: snapshots.filter(({ id }) => id !== entry.id) };
}

/**
 * Whether the image, without the snapshot, needs the snapshot's parent no more. Those in the trash may need it.
 */
export async function isLastOfParent(
  pool: RbdPool,
  image: string,
  { parent, others }: DoomedSnapshot,
): Promise<boolean> {
  if (parent === undefined || others.some(({ namespace }) => namespace === 'trash')) return false;
  for (const { name, namespace } of others) {
    const link = namespace === 'user' ? await parentOfSnapshot(pool, image, name) : undefined;
    if (link?.snapshotId === parent.snapshotId) return false;
  }
  return true;
}

/**
 * The children that a snapshot must not be removed under: those of clone format 1, which Ceph refuses; and all of them
 * where the snapshot is the last of its image that needs a parent: Ceph would let go of that, in the trash though the
 * snapshot is, and the parent would go while the children read from it.
 */
export async function holdersOf(
  look: HoldersLook,
  image: string,
  doomed: DoomedSnapshot,
): Promise<readonly ChildImage[]> {
  if (await isNeededByChildren(look.pool, image, doomed)) return doomed.children;
  const open = await openIfThere(look.pool, image);
  if (open === undefined) return [];
  try {
    return await snapshotHolders(look, open, doomed.entry);
  } finally {
    await open.close();
  }
}

/** See {@link holdersOf}. */
export async function isNeededByChildren(
  pool: RbdPool,
  image: string,
  doomed: DoomedSnapshot,
): Promise<boolean> {
  return doomed.children.length > 0 && (await isLastOfParent(pool, image, doomed));
}
