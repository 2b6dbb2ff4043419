import type { Snapshot, Volume } from './volume.js';

/** An operation that a driver is asked to plan, with the objects its method would get. */
export type PlanRequest =
  | { readonly operation: 'create-volume' | 'delete-volume'; readonly volume: Volume }
  | { readonly operation: 'extend-volume'; readonly volume: Volume; readonly newSizeBytes: number }
  | { readonly operation: 'create-snapshot' | 'delete-snapshot'; readonly snapshot: Snapshot }
  | { readonly operation: 'revert-to-snapshot'; readonly volume: Volume; readonly snapshot: Snapshot }
  | { readonly operation: 'clone-volume'; readonly volume: Volume; readonly source: Volume }
  | {
      readonly operation: 'create-volume-from-snapshot';
      readonly volume: Volume;
      readonly snapshot: Snapshot;
    };
