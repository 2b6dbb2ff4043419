import { GIB, KIB, MIB } from '@scoria/core';
import type { Extent } from '@scoria/core';
import { createHash } from 'node:crypto';

/** A write of one byte's value, as both sides can do it. */
export interface Fill extends Extent {
  readonly byte: number;
}

/** The parts of a volume that are written and looked at: its start, and around the end of its first GiB. */
export const WINDOWS: readonly Extent[] = [
  { offset: 0, length: 2 * MIB },
  { offset: GIB - 128 * KIB, length: 256 * KIB },
];

/** What a volume must read as, within the windows. */
export class ByteModel {
  private constructor(
    readonly sizeBytes: number,
    private readonly windows: readonly Buffer[],
  ) {}

  static empty(sizeBytes: number): ByteModel {
    return new ByteModel(
      sizeBytes,
      WINDOWS.map(({ length }) => Buffer.alloc(length)),
    );
  }

  /** As it is now, whatever is written later. */
  copy(sizeBytes = this.sizeBytes): ByteModel {
    return new ByteModel(
      sizeBytes,
      this.windows.map((bytes) => Buffer.from(bytes)),
    );
  }

  fill({ offset, length, byte }: Fill): void {
    const index = WINDOWS.findIndex(
      (window) => offset >= window.offset && offset + length <= window.offset + window.length,
    );
    const start = offset - (WINDOWS[index]?.offset ?? 0);
    if (index === -1 || offset + length > this.sizeBytes) throw new RangeError(`no window has ${offset}`);
    this.windows[index]?.fill(byte, start, start + length);
  }

  /** The digest of each window, as far as the volume reaches. */
  digests(): string[] {
    return this.windows.map((bytes, index) =>
      digestOf(bytes.subarray(0, Math.max(0, this.sizeBytes - (WINDOWS[index]?.offset ?? 0)))),
    );
  }
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
