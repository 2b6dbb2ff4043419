import type { TreeCall } from '@scoria/driver-rbd/testing';

/** What a process that runs the driver is told at its start. */
export interface TreeProcessOptions {
  readonly options: Readonly<Record<string, unknown>>;
  readonly stateDirectory: string;
}

export interface TreeRequest {
  readonly call: TreeCall;
}

/** What it says: that it is ready, and how each call ended. */
export type TreeAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string };
