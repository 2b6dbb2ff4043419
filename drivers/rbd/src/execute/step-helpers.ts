import type { OperationContext } from '@scoria/core';
import type { RbdPool } from '@scoria/librbd';
import type { ParentReference } from '../journal/entry.js';

/** An image that is in the trash, or about to be. */
export interface TrashedImage {
  readonly image: string;
  readonly id: string;
  /** What it depends on, and goes on to depend on in the trash. */
  readonly parent?: ParentReference;
  /** It is removed from there at once, or put back. */
  readonly isPassing?: boolean;
}

/** What `queue-flatten` and retries need. */
export interface StepHelpers {
  /** Tries again, as often as it is worth it, while the image is in use. */
  readonly whileWatched: (context: OperationContext, work: () => Promise<void>) => Promise<void>;
  readonly queueFlatten: (pool: RbdPool, image: string) => Promise<void>;
  /** Records that what is moved to the trash is ours to remove from it. */
  readonly claimTrash: (pool: RbdPool, trashed: TrashedImage) => Promise<void>;
  /** It is not in the trash. */
  readonly unclaimTrash: (pool: RbdPool, trashed: TrashedImage) => Promise<void>;
}
