import type { ChildImage, ParentImage, SnapshotEntry } from '@scoria/librbd';

/** A snapshot with what depends on it. */
export interface SnapshotNode extends SnapshotEntry {
  /** Images whose data is in it, also those in the trash. Empty where nobody asked for them. */
  readonly children: readonly ChildImage[];
}

/** An image in the tree of clones. */
export interface ImageNode {
  readonly name: string;
  readonly id: string;
  readonly sizeBytes: number;
  readonly stripeUnitBytes: number;
  /** Of every namespace, in the order they were taken. */
  readonly snapshots: readonly SnapshotNode[];
  /** What its data, or the data of one of its snapshots, comes from. */
  readonly parent: ParentImage | undefined;
  /** It was made independent of its parent, which only its snapshots need still. */
  readonly isFlat: boolean;
  /** The name of a deleted one is its own too: the rename was cut off. Asked for only where it is deleted. */
  readonly isHalfRenamed: boolean;
  /** Somebody writes to it, or did and has died. */
  readonly isLocked: boolean;
}

/** Where it stands in messages: `snapshot` of `image`. */
export function nameOfSnapshot(image: string, snapshot: string): string {
  return `${image}@${snapshot}`;
}
