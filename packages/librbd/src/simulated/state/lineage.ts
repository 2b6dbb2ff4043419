import { randomUUID } from 'node:crypto';
import type { CloneFormat } from '../../model/pool.js';
import type { ImageState, ParentLink, SnapshotState } from './image-state.js';

/* Who sees whom through which snapshot: kept up to date by every change of a clone tree. */

/** Makes the image a child of the snapshot. */
export function attach(child: ImageState, link: ParentLink): void {
  const { parent } = child;
  child.parent = link;
  link.snapshot.children.add(child);
  if (parent !== undefined) release(child, parent);
}

/** The image's head sees nothing of its parent any more; its snapshots may. */
export function detachHead(child: ImageState): void {
  const { parent } = child;
  child.parent = undefined;
  if (parent !== undefined) release(child, parent);
}

/** Call when a snapshot of the child is gone, or sees nothing of the parent any more. */
export function release(child: ImageState, { image, snapshot }: ParentLink): void {
  if (child.layers.some(({ parent }) => parent?.snapshot === snapshot)) return;
  snapshot.children.delete(child);
  // A snapshot in the trash goes with its last child.
  if (snapshot.namespace === 'trash' && snapshot.children.size === 0) dropSnapshot(image, snapshot);
}

/** Removes a snapshot that may be removed; what was written before it counts as written before the next one. */
export function dropSnapshot(image: ImageState, snapshot: SnapshotState): void {
  const index = image.snapshots.indexOf(snapshot);
  const next = image.snapshots[index + 1] ?? image;
  image.snapshots.splice(index, 1);
  for (const [object, intervals] of snapshot.changes) {
    next.changes.set(object, [...(next.changes.get(object) ?? []), ...intervals]);
  }
  if (snapshot.parent !== undefined) release(image, snapshot.parent);
}

/**
 * What becomes of a snapshot that is removed, as long as it has children of clone format 2. Where nothing else of its
 * image needs its parent, Ceph counts the image among the parent's children no more, though the snapshot is one still.
 */
export function moveSnapshotToTrash(snapshot: SnapshotState): void {
  snapshot.namespace = 'trash';
  snapshot.name = randomUUID();
}

/** See {@link moveSnapshotToTrash}. */
export function forgetParentOfTrashed(image: ImageState, snapshot: SnapshotState): void {
  const { parent } = snapshot;
  const others = image.layers.filter((layer) => layer !== snapshot);
  if (parent === undefined || others.some((layer) => layer.parent?.snapshot === parent.snapshot)) return;
  parent.snapshot.children.delete(image);
}

/** True where the image, or a child of it, is a clone of format 2: librbd marks both. */
export function hasPartInFormat2(image: ImageState): boolean {
  return isCloneOfFormat2(image) || image.snapshots.some((snapshot) => hasChildrenOf(snapshot, 2));
}

/** True where the image, or a snapshot of it, sees something through a parent, in format 2. */
export function isCloneOfFormat2(image: ImageState): boolean {
  return image.layers.some(({ parent }) => parent?.format === 2);
}

/** True where a child of clone format 1 sees something through it. */
export function hasChildrenOfFormat1(snapshot: SnapshotState): boolean {
  return hasChildrenOf(snapshot, 1);
}

/** How many children of clone format 2 see something through it. */
export function countOfFormat2(snapshot: SnapshotState): number {
  return [...snapshot.children].filter((child) =>
    child.layers.some(({ parent }) => parent?.snapshot === snapshot && parent.format === 2),
  ).length;
}

function hasChildrenOf(snapshot: SnapshotState, format: CloneFormat): boolean {
  return [...snapshot.children].some((child) =>
    child.layers.some(({ parent }) => parent?.snapshot === snapshot && parent.format === format),
  );
}
