import type { BlockDevice, DataExtent, DeviceMode, Extent } from '@scoria/core';
import type { ShareWatch } from './share-watch.js';
import { watchedStream } from './watched-stream.js';

/**
 * A device whose calls end when a share that it is on hangs, and begin nothing while it does. Its close goes on by
 * itself, and so lets go late.
 */
export class WatchedDevice implements BlockDevice {
  readonly sizeBytes: number;
  readonly mode: DeviceMode;

  constructor(
    private readonly device: BlockDevice,
    private readonly watch: ShareWatch,
    private readonly shares: readonly string[],
  ) {
    this.sizeBytes = device.sizeBytes;
    this.mode = device.mode;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    return this.#run(async () => this.device.read(offset, length));
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    return this.#run(async () => this.device.write(offset, data));
  }

  async zero(offset: number, length: number): Promise<void> {
    return this.#run(async () => this.device.zero(offset, length));
  }

  extents(): AsyncIterable<DataExtent> {
    return watchedStream(this.device.extents(), (next) => this.#run(next));
  }

  changedExtents(sinceSnapshotId: string): AsyncIterable<Extent> {
    return watchedStream(this.device.changedExtents(sinceSnapshotId), (next) => this.#run(next));
  }

  async flush(): Promise<void> {
    return this.#run(async () => this.device.flush());
  }

  async close(): Promise<void> {
    await this.watch.letGo(this.shares, async () => this.device.close());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    return this.watch.runOn(this.shares, work);
  }
}
