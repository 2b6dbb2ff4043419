/* How Ceph writes values: little endian, texts and lists with their length before them. */

/** Reads values one after the other. @throws RangeError where they end too early */
export class Decoder {
  #at = 0;

  constructor(private readonly data: Buffer) {}

  get isAtEnd(): boolean {
    return this.#at === this.data.length;
  }

  u8(): number {
    return this.data.readUInt8(this.#advance(1));
  }

  u32(): number {
    return this.data.readUInt32LE(this.#advance(4));
  }

  u64(): number {
    return Number(this.bits());
  }

  /** As {@link u64}, with all of its bits. */
  bits(): bigint {
    return this.data.readBigUInt64LE(this.#advance(8));
  }

  signed(): number {
    return Number(this.data.readBigInt64LE(this.#advance(8)));
  }

  text(): string {
    const length = this.u32();
    const start = this.#advance(length);
    return this.data.toString('utf8', start, start + length);
  }

  list<T>(item: () => T): T[] {
    return Array.from({ length: this.u32() }, item);
  }

  /** undefined where there is none. */
  optional<T>(item: () => T): T | undefined {
    return this.u8() === 0 ? undefined : item();
  }

  /** What is in a structure, which says how long it is: later versions have more than is read here. */
  structure<T>(read: (inner: Decoder) => T): T {
    this.#advance(2);
    const length = this.u32();
    const start = this.#advance(length);
    return read(new Decoder(this.data.subarray(start, start + length)));
  }

  #advance(bytes: number): number {
    const start = this.#at;
    if (start + bytes > this.data.length)
      throw new RangeError(`${String(bytes)} bytes from ${String(start)} on`);
    this.#at += bytes;
    return start;
  }
}

export function encodedText(text: string): Buffer {
  return encodedBytes(Buffer.from(text));
}

export function encodedBytes(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** A structure that whoever knows the first version can read. */
export function encodedStructure(content: Buffer, version = 1): Buffer {
  const head = Buffer.of(version, 1, 0, 0, 0, 0);
  head.writeUInt32LE(content.length, 2);
  return Buffer.concat([head, content]);
}

export function encodedNumber(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  return bytes;
}
