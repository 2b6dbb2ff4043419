import type { Snapshot, Volume } from '@scoria/core';

/** How a manager is started on a host. */
export interface HostStart {
  readonly directory: string;
  /** As an argument of nsenter(1). */
  readonly network: string;
  readonly share: string;
  readonly mountPointBase: string;
}

/** What a host's manager is told to do. */
export type Order =
  | { readonly do: 'create-volume'; readonly sizeBytes: number }
  | { readonly do: 'delete-volume'; readonly volume: Volume }
  | {
      readonly do: 'write';
      readonly volume: Volume;
      readonly offset: number;
      readonly length: number;
      readonly byte: number;
    }
  | { readonly do: 'read'; readonly volume: Volume }
  | { readonly do: 'read-snapshot'; readonly snapshot: Snapshot }
  | { readonly do: 'extend'; readonly volume: Volume; readonly sizeBytes: number }
  | { readonly do: 'clone'; readonly volume: Volume }
  | { readonly do: 'snapshot'; readonly volume: Volume; readonly id: string }
  | { readonly do: 'delete-snapshot'; readonly snapshot: Snapshot }
  /** Counts upwards in a file, so many times, under one lock for all hosts. */
  | { readonly do: 'count'; readonly times: number }
  /** Which permissions QEMU holds on a file, as this host sees it. */
  | { readonly do: 'image-use'; readonly name: string };

/** An order with where to stop, and to wait to be killed: a step that begins so. */
export type NumberedOrder = Order & { readonly number: number; readonly stopAt?: string };

/** What became of an order. `read` answers with the digest of all bytes. */
export type OrderEnd =
  | { readonly end: 'done'; readonly result: unknown }
  | { readonly end: 'refused'; readonly code: string; readonly message: string };

/** A line from the manager's process. */
export type Line = { readonly number: number } & (OrderEnd | { readonly end: 'stopped' });
