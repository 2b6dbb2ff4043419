import type { Intervals } from './intervals.js';

interface Extent {
  readonly start: number;
  readonly bytes: Buffer;
}

/**
 * What one object of an image holds: runs of bytes, and nothing between them. Never changed once made, so that snapshots
 * and clones share it with the image until that is written to.
 */
export class ObjectData {
  static readonly empty = new ObjectData([]);

  private constructor(private readonly extents: readonly Extent[]) {}

  /** Where there are bytes, in order. Runs that touch are told one by one. */
  get runs(): Intervals {
    return this.extents.map(({ start, bytes }) => ({ start, end: start + bytes.length }));
  }

  /** How many bytes are kept. */
  get stored(): number {
    return this.extents.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** @param bytes a copy is kept */
  write(start: number, bytes: Uint8Array): ObjectData {
    return this.put(start, Buffer.from(bytes));
  }

  erase(start: number, end: number): ObjectData {
    return new ObjectData(this.outside(start, end));
  }

  /** Adds what another one holds from `start` to `end`, moved by so many bytes. */
  take(other: ObjectData, start: number, end: number, by: number): ObjectData {
    return other.extents.reduce<ObjectData>((data, extent) => {
      const from = Math.max(start, extent.start);
      const to = Math.min(end, extent.start + extent.bytes.length);
      if (to <= from) return data;
      return data.put(from + by, extent.bytes.subarray(from - extent.start, to - extent.start));
    }, this);
  }

  /** Puts what is held from `start` on, as far as it reaches, into `target`. */
  copyTo(target: Buffer, start: number): void {
    const end = start + target.length;
    for (const extent of this.extents) {
      const from = Math.max(start, extent.start);
      const to = Math.min(end, extent.start + extent.bytes.length);
      if (to > from) extent.bytes.copy(target, from - start, from - extent.start, to - extent.start);
    }
  }

  private put(start: number, bytes: Buffer): ObjectData {
    if (bytes.length === 0) return this;
    const kept = this.outside(start, start + bytes.length);
    kept.push({ start, bytes });
    return new ObjectData(kept.sort((one, other) => one.start - other.start));
  }

  private outside(start: number, end: number): Extent[] {
    return this.extents.flatMap((extent) => {
      const last = extent.start + extent.bytes.length;
      if (last <= start || extent.start >= end) return [extent];
      const parts: Extent[] = [];
      if (extent.start < start) {
        parts.push({ start: extent.start, bytes: extent.bytes.subarray(0, start - extent.start) });
      }
      if (last > end) parts.push({ start: end, bytes: extent.bytes.subarray(end - extent.start) });
      return parts;
    });
  }
}
