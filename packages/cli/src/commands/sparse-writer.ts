import type { BlockDevice } from '@scoria/core';

/** What is looked at for zeroes, in bytes: what most storage can leave out. Aligned with the device. */
const PIECE = 64 * 1024;
/** Shorter runs of zeroes are written as they are, where nothing before them is left out. */
const LEAST = 4096;
/** How much is zeroed at most in one call, so that a cancel need not wait for long. */
const MOST = 1024 * 1024 * 1024;
const ZEROES = Buffer.alloc(PIECE);

/** Writes bytes that come one after the other; runs of zeroes become holes, where the device has such. */
export class SparseWriter {
  /** Zeroes that were not written yet end at `#at`. */
  #zeroes = 0;
  #at: number;

  constructor(
    private readonly device: BlockDevice,
    offset: number,
  ) {
    this.#at = offset;
  }

  /** Up to where the bytes go that were given. */
  get end(): number {
    return this.#at;
  }

  async write(bytes: Buffer): Promise<void> {
    let data = 0;
    for (let from = 0; from < bytes.length;) {
      const length = Math.min(PIECE - ((this.#at + from - data) % PIECE), bytes.length - from);
      const isLong = length >= LEAST || (from === data && this.#zeroes > 0);
      if (isLong && isZero(bytes.subarray(from, from + length))) {
        await this.#data(bytes.subarray(data, from));
        await this.#leaveOut(length);
        data = from + length;
      }
      from += length;
    }
    await this.#data(bytes.subarray(data));
  }

  /** Zeroes what is left. */
  async finish(): Promise<void> {
    const length = this.#zeroes;
    this.#zeroes = 0;
    if (length > 0) await this.device.zero(this.#at - length, length);
  }

  async #data(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    await this.finish();
    await this.device.write(this.#at, bytes);
    this.#at += bytes.length;
  }

  async #leaveOut(length: number): Promise<void> {
    this.#at += length;
    this.#zeroes += length;
    if (this.#zeroes >= MOST) await this.finish();
  }
}

function isZero(bytes: Buffer): boolean {
  return bytes.equals(ZEROES.subarray(0, bytes.length));
}
