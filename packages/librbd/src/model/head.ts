import type { ImageInfo, ParentImage, SnapshotEntry } from './image.js';

/** A snapshot, as the cluster's records have it. */
export interface SnapshotHead extends SnapshotEntry {
  /** Also while its protection is being taken back. One that is not has no children of clone format 1. */
  readonly isProtected: boolean;
  /** How many children of clone format 2 it has. */
  readonly childrenOfFormat2: number;
  /** How much of it may still come from the image's parent, in bytes. */
  readonly overlapBytes: number;
}

/** What there is to know of an image without opening it. */
export interface ImageHead extends ImageInfo {
  /** Of every namespace, in the order they were taken. */
  readonly snapshots: readonly SnapshotHead[];
  /**
   * What its data, or the data of one of its snapshots, may come from. `overlapBytes` is the image's own: 0 where only
   * snapshots see something of the parent.
   */
  readonly parent: ParentImage | undefined;
  /** Somebody has a lock of it: who writes to it, or wrote to it and died. Who has it open and only reads has none. */
  readonly isLocked: boolean;
}
