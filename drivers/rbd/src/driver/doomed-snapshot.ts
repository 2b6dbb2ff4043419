import type { ChildImage, ParentImage, RbdPool, SnapshotHead } from '@scoria/librbd';
import type { HoldersLook } from '../tree/snapshot-holders.js';
import { snapshotHolders } from '../tree/snapshot-holders.js';
import { ownParent, userSnapshot } from '../tree/read-image.js';

/** A snapshot that is to go. */
export interface DoomedSnapshot {
  readonly imageId: string;
  readonly entry: SnapshotHead;
  /** What it depends on by itself: its image does not any more. */
  readonly parent: ParentImage | undefined;
  /** Images that depend on it, in either clone format. Looked for only where it has a parent of its own. */
  readonly children: readonly ChildImage[];
  /** Of its image. */
  readonly others: readonly SnapshotHead[];
}

/** @returns undefined where there is no such image or snapshot */
export async function findDoomed(
  pool: RbdPool,
  image: string,
  name: string,
): Promise<DoomedSnapshot | undefined> {
  const head = await pool.head(image);
  const entry = head && userSnapshot(head, name);
  if (head === undefined || entry === undefined) return undefined;
  const isChild = ownParent(head) === undefined && entry.overlapBytes > 0;
  const parent = isChild ? head.parent : undefined;
  const children = parent === undefined ? [] : await pool.children(head.id, entry.id);
  return {
    imageId: head.id,
    entry,
    parent,
    children,
    others: head.snapshots.filter(({ id }) => id !== entry.id),
  };
}

/**
 * Whether the image, without the snapshot, needs the snapshot's parent no more. Those in the trash may need it.
 */
export function isLastOfParent({ parent, others }: DoomedSnapshot): boolean {
  if (parent === undefined) return false;
  return !others.some(({ namespace, overlapBytes }) => namespace === 'trash' || overlapBytes > 0);
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
  if (isNeededByChildren(doomed)) return doomed.children;
  const head = await look.pool.head(image);
  const entry = head && userSnapshot(head, doomed.entry.name);
  return head === undefined || entry === undefined ? [] : snapshotHolders(look, head.id, entry);
}

/** See {@link holdersOf}. */
export function isNeededByChildren(doomed: DoomedSnapshot): boolean {
  return doomed.children.length > 0 && isLastOfParent(doomed);
}
