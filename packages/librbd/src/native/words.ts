import koffi from 'koffi';

const WORD = 8;

/** Memory that a C function fills: a row of 64-bit words, as all structures of librbd can be read. */
export class Words {
  readonly memory: BigUint64Array;

  constructor(count: number) {
    this.memory = new BigUint64Array(count);
  }

  /** The memory from a word on. */
  from(index: number): BigUint64Array {
    return this.memory.subarray(index);
  }

  at(index: number): bigint {
    return this.memory[index] ?? 0n;
  }

  number(index: number): number {
    return Number(this.at(index));
  }

  signed(index: number): number {
    return Number(BigInt.asIntN(64, this.at(index)));
  }

  /** The first half of a word, as C's `int`. */
  int(index: number): number {
    return new Int32Array(this.memory.buffer, index * WORD, 1)[0] ?? 0;
  }

  /** C's `bool`: the first byte of a word. */
  flag(index: number): boolean {
    return new Uint8Array(this.memory.buffer, index * WORD, 1)[0] === 1;
  }

  /** The text that a word points to; '' for none. */
  text(index: number): string {
    const address = this.at(index);
    return address === 0n ? '' : koffi.decode.string(address);
  }

  set(index: number, value: number | bigint): void {
    this.memory[index] = BigInt(value);
  }

  setInt(index: number, value: number): void {
    new Int32Array(this.memory.buffer, index * WORD, 1)[0] = value;
  }
}

/** The texts in memory where each ends with a NUL. */
export function textsIn(memory: Buffer, length: number): string[] {
  if (length === 0) return [];
  const texts = memory.toString('utf8', 0, length).split('\0');
  if (texts.at(-1) === '') texts.pop();
  return texts;
}
