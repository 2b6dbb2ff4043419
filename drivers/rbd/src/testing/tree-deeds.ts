import type { Snapshot, Volume } from '@scoria/core';
import type { TreeCall } from './tree-world.js';

export interface KnownSnapshot {
  readonly snapshot: Snapshot;
  readonly bytes: Buffer;
}

export interface KnownVolume {
  volume: Volume;
  bytes: Buffer;
  snapshots: KnownSnapshot[];
}

/** What becomes of the records when a call is done; and what a manager asks for next where its process has died. */
export interface Deed {
  readonly call: TreeCall;
  readonly done: () => void;
  /** Undoes what was being made; the same again unless told. */
  readonly undo?: TreeCall;
  /** Codes with which it may be refused, which changes nothing. */
  readonly refusals?: readonly string[];
}

export function extending(known: KnownVolume): Deed {
  const newSizeBytes = known.bytes.length + 1024;
  const done = (): void => {
    known.bytes = resized(known.bytes, newSizeBytes);
    known.volume = { ...known.volume, sizeBytes: newSizeBytes };
  };
  return { call: { method: 'extendVolume', volume: known.volume, newSizeBytes }, done };
}

export function reverting(known: KnownVolume): Deed | undefined {
  const newest = known.snapshots.at(-1);
  if (newest === undefined) return undefined;
  const { snapshot, bytes } = newest;
  const done = (): void => {
    known.bytes = resized(bytes, known.bytes.length);
  };
  return { call: { method: 'revertToSnapshot', volume: known.volume, snapshot }, done };
}

export function deletingSnapshot(known: KnownVolume, each: KnownSnapshot): Deed {
  const done = (): void => {
    known.snapshots = known.snapshots.filter((other) => other !== each);
  };
  const snapshot = { ...each.snapshot, volume: known.volume };
  return { call: { method: 'deleteSnapshot', snapshot }, done, refusals: ['snapshot-busy'] };
}

export function resized(bytes: Buffer, length: number): Buffer {
  const larger = Buffer.alloc(length);
  bytes.copy(larger);
  return larger;
}

export function describe(call: TreeCall): string {
  const what = 'snapshot' in call ? call.snapshot.name : '';
  const volume = 'volume' in call ? call.volume.name : '';
  const source = 'source' in call ? ` of ${call.source.name}` : '';
  return `${call.method} ${[volume, what].filter((name) => name !== '').join(' ')}${source}`;
}
