import type { Readable } from 'node:stream';

/** Collects what a process writes, up to a bound. */
export class BoundedOutput {
  readonly #chunks: Buffer[] = [];
  readonly #maxBytes: number;
  #bytes = 0;
  /** How many chunks came, kept or not. */
  chunkCount = 0;

  /** @param onOverflow called at the first byte beyond `maxBytes` */
  constructor(stream: Readable, maxBytes: number, onOverflow: () => void) {
    this.#maxBytes = maxBytes;
    stream.on('data', (chunk: Buffer) => {
      this.chunkCount += 1;
      if (this.#bytes > maxBytes) return;
      this.#bytes += chunk.length;
      this.#chunks.push(chunk);
      if (this.#bytes > maxBytes) onOverflow();
    });
  }

  text(): string {
    return Buffer.concat(this.#chunks).subarray(0, this.#maxBytes).toString('utf8');
  }
}
