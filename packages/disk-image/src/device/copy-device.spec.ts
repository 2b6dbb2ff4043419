import { randomBytes } from 'node:crypto';

import { MIB, type BlockDevice, type DataExtent, type Progress } from '@scoria/core';

import { copyDevice } from './copy-device.js';
import { hashDevice } from './hash-device.js';

/** A device in memory that says which blocks are zero and counts what is under way. */
class MemoryDevice implements BlockDevice {
  readonly mode = 'read-write';
  readonly calls: string[] = [];
  running = 0;
  mostRunning = 0;
  failAt = Infinity;

  constructor(readonly bytes: Buffer) {}

  get sizeBytes(): number {
    return this.bytes.length;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    return Promise.resolve(Buffer.from(this.bytes.subarray(offset, offset + length)));
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    await this.#work('write', offset);
    this.bytes.set(data, offset);
  }

  async zero(offset: number, length: number): Promise<void> {
    await this.#work('zero', offset);
    this.bytes.fill(0, offset, offset + length);
  }

  async *extents(): AsyncGenerator<DataExtent> {
    for (let offset = 0; offset < this.sizeBytes; offset += MIB) {
      const length = Math.min(MIB, this.sizeBytes - offset);
      const zero = this.bytes.subarray(offset, offset + length).every((byte) => byte === 0);
      // One block of zeroes that the backend takes for data.
      yield { offset, length, kind: zero && offset !== 2 * MIB ? 'zero' : 'data' };
    }
    await Promise.resolve();
  }

  changedExtents(): AsyncIterable<DataExtent> {
    return this.extents();
  }

  async flush(): Promise<void> {
    this.calls.push('flush');
    await Promise.resolve();
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  async #work(call: string, offset: number): Promise<void> {
    this.calls.push(call);
    this.mostRunning = Math.max(this.mostRunning, ++this.running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    this.running--;
    if (offset >= this.failAt) throw new Error('broken');
  }
}

describe('copyDevice', () => {
  const progress: Progress[] = [];
  const context = {
    requestId: 'req-1',
    signal: new AbortController().signal,
    progress: (step: Progress) => void progress.push(step),
  };
  let source: MemoryDevice;
  beforeEach(() => {
    progress.length = 0;
    source = new MemoryDevice(
      Buffer.concat([randomBytes(MIB), Buffer.alloc(3 * MIB), randomBytes(MIB + 512)]),
    );
  });

  it('copies data and zeroes over old data, and says how far it is', async () => {
    const target = new MemoryDevice(randomBytes(6 * MIB));
    const beyond = Buffer.from(target.bytes.subarray(source.sizeBytes));
    await copyDevice(source, target, context);
    expect(target.bytes.subarray(0, source.sizeBytes).equals(source.bytes)).toBe(true);
    expect(target.bytes.subarray(source.sizeBytes).equals(beyond)).toBe(true);
    expect(target.calls.at(-1)).toBe('flush');
    expect(progress.at(-1)).toEqual({ done: source.sizeBytes, total: source.sizeBytes });
  });

  it('leaves zeroes out where the target has them already', async () => {
    const target = new MemoryDevice(Buffer.alloc(source.sizeBytes));
    await copyDevice(source, target, context, { skipZeroes: true });
    expect(target.calls).toEqual(['write', 'write', 'write', 'flush']);
    expect(await hashDevice(target)).toBe(await hashDevice(source));
  });

  it('has no more under way than it may', async () => {
    const target = new MemoryDevice(Buffer.alloc(source.sizeBytes));
    await copyDevice(source, target, context, { parallel: 2 });
    expect(target.mostRunning).toBe(2);
  });

  it('has nothing under way any more when it fails', async () => {
    const target = new MemoryDevice(Buffer.alloc(source.sizeBytes));
    target.failAt = MIB;
    await expect(copyDevice(source, target, context)).rejects.toThrow('broken');
    expect(target.running).toBe(0);
    expect(target.calls).not.toContain('flush');
  });

  it('stops when it is cancelled', async () => {
    const target = new MemoryDevice(Buffer.alloc(source.sizeBytes));
    const cancelled = { ...context, signal: AbortSignal.abort() };
    await expect(copyDevice(source, target, cancelled)).rejects.toMatchObject({ code: 'cancelled' });
    expect(target.calls).toEqual([]);
  });

  it('refuses a target that is too small', async () => {
    const target = new MemoryDevice(Buffer.alloc(MIB));
    await expect(copyDevice(source, target, context)).rejects.toMatchObject({ code: 'invalid-input' });
  });
});
