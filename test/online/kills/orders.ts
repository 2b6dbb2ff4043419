import type { Snapshot, Volume } from '@scoria/core';

/** What is done to a volume that a guest uses, with what a manager would have on record. */
export type Work =
  | { readonly do: 'create-snapshot'; readonly snapshot: Snapshot }
  | { readonly do: 'delete-snapshot'; readonly snapshot: Snapshot }
  | { readonly do: 'clone'; readonly clone: Volume; readonly source: Volume };

/** One operation of the local driver, for a process that is killed in it. */
export interface Order {
  readonly work: Work;
  readonly directory: string;
  readonly format: 'raw' | 'qcow2';
  /** The most bytes a second that a job of the guest's moves. */
  readonly bytesPerSecond?: number;
  /** SIGKILL at the beginning of this step, counted from 1. */
  readonly killAtStep?: number;
  /** Another process that is killed at the same step, just before. */
  readonly killBefore?: number;
}

/** What the process says of a step that begins. */
export const STEP = 'step: ';

/** The most bytes a second of a job that is to be under way still when something is killed. */
export const SLOWLY = 64 * 1024;
