import type { Snapshot, Volume } from '@scoria/core';
import type { CloneFormat, RbdPool } from '@scoria/librbd';

/** An operation that a process is asked for. */
export type TreeCall =
  | { readonly method: 'createVolume' | 'deleteVolume'; readonly volume: Volume }
  | { readonly method: 'extendVolume'; readonly volume: Volume; readonly newSizeBytes: number }
  | { readonly method: 'createClonedVolume'; readonly volume: Volume; readonly source: Volume }
  | { readonly method: 'createSnapshot' | 'deleteSnapshot'; readonly snapshot: Snapshot }
  | { readonly method: 'createVolumeFromSnapshot'; readonly volume: Volume; readonly snapshot: Snapshot }
  | { readonly method: 'revertToSnapshot'; readonly volume: Volume; readonly snapshot: Snapshot };

/** When a process dies: at so many changes from now on, or as much later as the world counts. */
export interface Death {
  readonly at: number;
  readonly when: 'before' | 'during' | 'after';
}

/** How an operation ended. */
export type TreeOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'died' }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string };

/** A process that runs the driver. */
export interface TreeProcess {
  run(call: TreeCall, death?: Death): Promise<TreeOutcome>;
  /** Ends it in good order, or what is left of it. */
  end(): Promise<void>;
}

/** A pool with processes that come, go and die. */
export interface TreeWorld {
  /** As somebody beside the driver sees it. */
  readonly pool: RbdPool;
  /** The RADOS objects that images are made of, where there are such things. */
  readonly objectsOfImages?: () => Promise<readonly string[]>;
  /** @returns undefined where it died before it was ready */
  start(death?: Death): Promise<TreeProcess | undefined>;
  /** What clones are made as from now on. */
  useFormat(format: CloneFormat): Promise<void>;
}
