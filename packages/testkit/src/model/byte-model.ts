import type { Snapshot, Volume } from '@scoria/core';

/** A snapshot and the bytes it must read as. */
export interface ModelSnapshot {
  readonly name: string;
  readonly snapshot: Snapshot;
  readonly bytes: Buffer;
}

/** A volume, the bytes it must read as, and its snapshots, oldest first. */
export interface ModelVolume {
  readonly name: string;
  volume: Volume;
  bytes: Buffer;
  snapshots: ModelSnapshot[];
  /** What it was copied from; a driver may let that wait for this. */
  readonly copiedFrom: ModelVolume | undefined;
}

/** What a driver must hold, byte by byte: nothing clever, so that it can be trusted. */
export class ByteModel {
  volumes: ModelVolume[] = [];
  #names = 0;

  /** A short name for the next object, for people. */
  nextName(kind: 'V' | 'S'): string {
    this.#names += 1;
    return `${kind}${String(this.#names)}`;
  }

  add(name: string, volume: Volume, bytes: Buffer, copiedFrom?: ModelVolume): ModelVolume {
    const added = { name, volume, bytes: Buffer.from(bytes), snapshots: [], copiedFrom };
    this.volumes.push(added);
    return added;
  }

  addSnapshot(name: string, of: ModelVolume, snapshot: Snapshot): ModelSnapshot {
    const added = { name, snapshot, bytes: Buffer.from(of.bytes) };
    of.snapshots.push(added);
    return added;
  }

  /** True if something lives that was copied from a volume or one of its snapshots. */
  hasCopies(volume: ModelVolume): boolean {
    return this.volumes.some(({ copiedFrom }) => copiedFrom === volume);
  }
}

/** `bytes` at another size, with zeroes where there were none. */
export function resized(bytes: Buffer, sizeBytes: number): Buffer {
  const result = Buffer.alloc(sizeBytes);
  bytes.copy(result);
  return result;
}

/** A snapshot as a driver wants it: with its volume as it is now. */
export function current({ volume }: ModelVolume, { snapshot }: ModelSnapshot): Snapshot {
  return { ...snapshot, volume };
}
