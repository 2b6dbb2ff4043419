import type { CommandLimits } from '@scoria/core';

import type { ImageFormat } from '../inspector/image-format.js';
import type { ChainFormat, ChainLayer } from './chain-layer.js';

/** How a run may be ended. An `OperationContext` is one. */
export interface QemuImgRun {
  readonly signal: AbortSignal;
  /** Instead of the default: 2 minutes for what only touches headers, 2 hours for what moves data. */
  readonly timeoutMs?: number;
  /** Each of them replaces its default (1 GiB of memory; processor time by the kind of run). */
  readonly limits?: CommandLimits;
  /** See `CommandRequest.locksIn`. */
  readonly locksIn?: readonly string[];
}

export interface NewImage extends ChainLayer {
  readonly sizeBytes: number;
  /** What is allocated at once; nothing unless told. `metadata` is for qcow2 only. */
  readonly preallocation?: 'off' | 'metadata' | 'falloc' | 'full';
}

/** A qcow2 file that holds what is written from now on, above a backing file in the same directory. */
export interface NewOverlay {
  /** Absolute. */
  readonly path: string;
  /** A plain file name. */
  readonly backingName: string;
  readonly backingFormat: ChainFormat;
  /** Written into the overlay, as the backing file is not opened: at least the size of that one. */
  readonly sizeBytes: number;
  /** On disk when it is made, unless `false`: for a caller who syncs it together with what names it. */
  readonly durable?: boolean;
}

export interface BackingChange {
  /** The qcow2 file whose header is changed. */
  readonly path: string;
  readonly backingName: string;
  readonly backingFormat: ChainFormat;
}

/** Formats that qemu-img reads and writes for images in transfer; each is named, none is guessed. */
export type TransferFormat = Extract<ImageFormat, 'raw' | 'qcow2' | 'vmdk' | 'vhd' | 'vhdx' | 'vdi'>;

export interface TransferFile {
  /** Absolute. */
  readonly path: string;
  readonly format: TransferFormat;
}

export interface ConvertTarget extends TransferFile {
  /**
   * Write into a file that is there and at least as large as the source; what is beyond the source's end stays.
   * Otherwise the file is made, and must not be there.
   */
  readonly existing?: boolean;
  /** The existing file is known to read as zeroes, so zeroes need not be written. Never for a file with old data. */
  readonly zeroed?: boolean;
  readonly compressed?: boolean;
  /** False allocates the zeroes, too. */
  readonly sparse?: boolean;
  /** Format options, for instance `subformat: 'streamOptimized'` of vmdk. */
  readonly formatOptions?: Readonly<Record<string, string>>;
}

export interface CheckResult {
  /** Clusters that contradict each other: data are lost or in danger. */
  readonly corruptions: number;
  /** Clusters that nothing uses: room is lost, data are not. */
  readonly leaks: number;
}
