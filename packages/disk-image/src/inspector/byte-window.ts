/** A range of an image, in bytes. */
export interface Region {
  readonly offset: number;
  readonly length: number;
}

/**
 * The parts of an image that have been captured so far, addressed by their
 * offsets in the image. Bytes that were not captured, or that lie past the
 * end, read as zero, so that parsing a damaged header can not fail; `has`
 * tells the difference where it matters.
 */
export class ByteWindow {
  private readonly segments: { readonly offset: number; readonly bytes: Uint8Array }[] = [];

  /** @param size length of the whole image in bytes; infinite while unknown. */
  constructor(public size: number) {}

  add(offset: number, bytes: Uint8Array): void {
    if (bytes.length > 0) {
      this.segments.push({ offset, bytes });
    }
  }

  /** Whether every byte of the range exists and was captured. */
  has(offset: number, length: number): boolean {
    return offset + length <= this.size && this.missing({ offset, length }) === undefined;
  }

  /** The region, cut to the image, without the leading part that is here already. */
  missing(region: Region): Region | undefined {
    const end = Math.min(region.offset + region.length, this.size);
    let start = region.offset;
    for (let next = this.covering(start); next !== undefined && start < end; next = this.covering(start)) {
      start = next.offset + next.bytes.length;
    }
    return start < end ? { offset: start, length: end - start } : undefined;
  }

  /** A copy-free view where one capture holds the range, else a zero-filled copy. */
  bytes(offset: number, length: number): Uint8Array {
    const whole = this.covering(offset);
    if (whole !== undefined && offset + length <= whole.offset + whole.bytes.length) {
      return whole.bytes.subarray(offset - whole.offset, offset - whole.offset + length);
    }
    return this.assemble(offset, length);
  }

  u8(offset: number): number {
    return this.bigEndian(offset, 1);
  }

  u16be(offset: number): number {
    return this.bigEndian(offset, 2);
  }

  u16le(offset: number): number {
    return this.littleEndian(offset, 2);
  }

  u32be(offset: number): number {
    return this.bigEndian(offset, 4);
  }

  u32le(offset: number): number {
    return this.littleEndian(offset, 4);
  }

  /** 64 bits as a number, never above `Number.MAX_SAFE_INTEGER`: no valid offset or size is. */
  u64be(offset: number): number {
    return clamp(this.u32be(offset), this.u32be(offset + 4));
  }

  /** As {@link u64be}, for little endian formats. */
  u64le(offset: number): number {
    return clamp(this.u32le(offset + 4), this.u32le(offset));
  }

  /** The bytes as Latin-1 text: one character a byte. */
  latin1(offset: number, length: number): string {
    const bytes = this.bytes(offset, length);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  }

  private bigEndian(offset: number, length: number): number {
    let value = 0;
    // Counted from 0: above 2^53, where hostile offsets are, adding 1 may change nothing.
    for (let index = 0; index < length; index++) {
      value = value * 256 + this.byte(offset + index);
    }
    return value;
  }

  private littleEndian(offset: number, length: number): number {
    let value = 0;
    for (let index = length - 1; index >= 0; index--) {
      value = value * 256 + this.byte(offset + index);
    }
    return value;
  }

  private byte(offset: number): number {
    for (const segment of this.segments) {
      const value = segment.bytes[offset - segment.offset];
      if (value !== undefined) {
        return value;
      }
    }
    return 0;
  }

  private covering(offset: number): { offset: number; bytes: Uint8Array } | undefined {
    return this.segments.find(
      (segment) => segment.offset <= offset && offset < segment.offset + segment.bytes.length,
    );
  }

  private assemble(offset: number, length: number): Uint8Array {
    const result = new Uint8Array(length);
    for (const segment of this.segments) {
      const from = Math.max(offset, segment.offset);
      const to = Math.min(offset + length, segment.offset + segment.bytes.length);
      if (from < to) {
        result.set(segment.bytes.subarray(from - segment.offset, to - segment.offset), from - offset);
      }
    }
    return result;
  }
}

function clamp(high: number, low: number): number {
  return high >= 2 ** 21 ? Number.MAX_SAFE_INTEGER : high * 2 ** 32 + low;
}
