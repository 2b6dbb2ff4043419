import type { ByteWindow, Region } from './byte-window.js';

/** Collects one region from bytes that stream by. */
export class RegionCapture {
  private readonly buffer: Uint8Array;
  private filled = 0;

  constructor(private readonly region: Region) {
    this.buffer = new Uint8Array(region.length);
  }

  /** Whether nothing more can come: all of it is here, or its start has gone by. */
  isDone(position: number): boolean {
    const next = this.region.offset + this.filled;
    return this.filled === this.buffer.length || next < position;
  }

  /** Takes what the region needs of `chunk`, which stands at `position` in the stream. */
  take(chunk: Uint8Array, position: number): void {
    const from = this.region.offset + this.filled - position;
    if (from < 0 || from >= chunk.length) {
      return;
    }
    const part = chunk.subarray(from, from + this.buffer.length - this.filled);
    this.buffer.set(part, this.filled);
    this.filled += part.length;
  }

  /** Hands what was collected to the window. */
  addTo(window: ByteWindow): void {
    window.add(this.region.offset, this.buffer.subarray(0, this.filled));
  }
}
