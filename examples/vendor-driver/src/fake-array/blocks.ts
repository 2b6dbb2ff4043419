/** The array hands room out in blocks of this size. */
export const BLOCK_BYTES = 4096;

/** A run of bytes that holds data, or reads as zeroes. */
export interface Run {
  readonly offset: number;
  readonly length: number;
  readonly kind: 'data' | 'zero';
}

/**
 * The bytes of a volume or a snapshot: blocks by number, those that are missing read as zeroes. A block is never
 * changed, only replaced, so copies share what they have in common.
 */
export class Blocks {
  sizeBytes: number;
  readonly #blocks: Map<number, Buffer>;

  constructor(sizeBytes: number, blocks = new Map<number, Buffer>()) {
    this.sizeBytes = sizeBytes;
    this.#blocks = blocks;
  }

  copy(sizeBytes = this.sizeBytes): Blocks {
    return new Blocks(sizeBytes, new Map(this.#blocks));
  }

  /** The blocks that take up room. */
  get used(): Iterable<Buffer> {
    return this.#blocks.values();
  }

  read(offset: number, length: number): Buffer {
    const data = Buffer.alloc(length);
    for (const { number, start, end, at } of blocksOf(offset, length)) {
      this.#blocks.get(number)?.copy(data, at, start, end);
    }
    return data;
  }

  write(offset: number, data: Uint8Array): void {
    for (const { number, start, end, at } of blocksOf(offset, data.length)) {
      const block = Buffer.from(this.#blocks.get(number) ?? Buffer.alloc(BLOCK_BYTES));
      block.set(data.subarray(at, at + end - start), start);
      this.#blocks.set(number, block);
    }
  }

  zero(offset: number, length: number): void {
    for (const { number, start, end } of blocksOf(offset, length)) {
      const old = this.#blocks.get(number);
      if (old === undefined) continue;
      const block = Buffer.from(old).fill(0, start, end);
      if (block.some((byte) => byte !== 0)) this.#blocks.set(number, block);
      else this.#blocks.delete(number);
    }
  }

  /** All of it in order, as runs of data and zeroes. */
  runs(): Run[] {
    return this.#join((number) => (this.#blocks.has(number) ? 'data' : 'zero'));
  }

  /** Where it differs from `older`. */
  changedSince(older: Blocks): Run[] {
    const differs = (number: number): boolean =>
      this.#blocks.get(number) !== older.#blocks.get(number) || (number + 1) * BLOCK_BYTES > older.sizeBytes;
    return this.#join((number) => (differs(number) ? 'data' : 'zero')).filter(({ kind }) => kind === 'data');
  }

  #join(kindOf: (number: number) => Run['kind']): Run[] {
    const runs: Run[] = [];
    for (const { number, start, end } of blocksOf(0, this.sizeBytes)) {
      const kind = kindOf(number);
      const last = runs.at(-1);
      if (last?.kind === kind) runs[runs.length - 1] = { ...last, length: last.length + end - start };
      else runs.push({ offset: number * BLOCK_BYTES, length: end - start, kind });
    }
    return runs;
  }
}

/** The parts of a range by block: from `start` to `end` within the block, which is `at` within the range. */
function* blocksOf(
  offset: number,
  length: number,
): Iterable<{ number: number; start: number; end: number; at: number }> {
  for (let at = 0; at < length;) {
    const number = Math.floor((offset + at) / BLOCK_BYTES);
    const start = (offset + at) % BLOCK_BYTES;
    const end = Math.min(BLOCK_BYTES, start + length - at);
    yield { number, start, end, at };
    at += end - start;
  }
}
