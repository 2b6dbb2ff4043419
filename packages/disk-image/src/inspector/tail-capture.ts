/** Keeps the last bytes of a stream. */
export class TailCapture {
  private kept: Uint8Array;
  private length = 0;

  /** @param size how many bytes to keep. */
  constructor(private readonly size: number) {
    this.kept = new Uint8Array(size);
  }

  push(chunk: Uint8Array): void {
    if (chunk.length >= this.size) {
      this.kept.set(chunk.subarray(chunk.length - this.size));
      this.length = this.size;
      return;
    }
    const stay = Math.min(this.length, this.size - chunk.length);
    this.kept.copyWithin(0, this.length - stay, this.length);
    this.kept.set(chunk, stay);
    this.length = stay + chunk.length;
  }

  bytes(): Uint8Array {
    return this.kept.subarray(0, this.length);
  }
}
