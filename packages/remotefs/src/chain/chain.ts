import type { ChainInfo } from './info-file.js';

/** The formats a volume's files have. Recorded, never guessed. */
export type FileFormat = 'raw' | 'qcow2';

/** One file of a chain. */
export interface Layer {
  readonly file: string;
  readonly format: FileFormat;
  /** The size a guest would see of it, in bytes. */
  readonly virtualBytes: number;
}

/** A volume's files as they are on the share, checked. */
export interface Chain {
  readonly volumeId: string;
  /** `undefined` where there is no record. */
  readonly info: ChainInfo | undefined;
  /** The active file first, each backed by the next; the last is the base. Never empty. */
  readonly layers: readonly [Layer, ...Layer[]];
}

export function activeLayer(chain: Chain): Layer {
  return chain.layers[0];
}

export function baseLayer(chain: Chain): Layer {
  return chain.layers.at(-1) ?? chain.layers[0];
}

/** The place in `layers` of the file that holds what was written after the snapshot, or -1. */
export function overlayIndex(chain: Chain, snapshotId: string): number {
  const file = snapshotFile(chain.info, snapshotId);
  return file === undefined ? -1 : chain.layers.findIndex((layer) => layer.file === file);
}

/** The file a record has for a snapshot; own keys only, whatever the snapshot's id. */
export function snapshotFile(info: ChainInfo | undefined, snapshotId: string): string | undefined {
  return info !== undefined && Object.hasOwn(info.snapshots, snapshotId)
    ? info.snapshots[snapshotId]
    : undefined;
}

/** The layers that hold the snapshot's data, its newest file first; empty for a snapshot that is not there. */
export function snapshotLayers(chain: Chain, snapshotId: string): readonly Layer[] {
  const index = overlayIndex(chain, snapshotId);
  return index === -1 ? [] : chain.layers.slice(index + 1);
}

/** The snapshots of a chain, oldest first. */
export function snapshotIds(chain: Chain): string[] {
  const depth = (id: string): number => overlayIndex(chain, id);
  return Object.keys(chain.info?.snapshots ?? {}).sort((a, b) => depth(b) - depth(a) || (a < b ? -1 : 1));
}

/** The snapshots that were taken after `snapshotId`, oldest first. */
export function newerSnapshots(chain: Chain, snapshotId: string): string[] {
  const index = overlayIndex(chain, snapshotId);
  return snapshotIds(chain).filter((id) => overlayIndex(chain, id) < index);
}
