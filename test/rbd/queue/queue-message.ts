import type { Volume } from '@scoria/core';

/** What a process with a queue of flattenings is told at its start. */
export interface QueueProcessOptions {
  readonly options: Readonly<Record<string, unknown>>;
  readonly stateDirectory: string;
}

export type QueueRequest =
  /** Clones of a volume that are to be flattened, all at once. */
  | { readonly order: 'clone'; readonly source: Volume; readonly count: number }
  /** So many volumes made and deleted, one after the other, with a pause before each. */
  | { readonly order: 'measure'; readonly rounds: number; readonly pauseMs: number };

/** How long the operations took, and how late the event loop was at most. All in milliseconds. */
export interface Measured {
  readonly create: readonly number[];
  readonly delete: readonly number[];
  readonly loopDelay: number;
}

export type QueueAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'cloned'; readonly volumes: readonly Volume[] }
  | { readonly kind: 'measured'; readonly measured: Measured }
  | { readonly kind: 'failed'; readonly message: string }
  /** Comes by itself: how far the flattening of an image is. */
  | { readonly kind: 'progress'; readonly image: string; readonly done: number; readonly total: number };
