import type { BlockDevice, DataExtent, DeviceMode, Extent } from '@scoria/core';

/** A device that lets go of its volume when it is closed. */
export class HeldDevice implements BlockDevice {
  readonly sizeBytes: number;
  readonly mode: DeviceMode;
  #release: (() => Promise<void>) | undefined;

  constructor(
    private readonly device: BlockDevice,
    release: () => Promise<void>,
  ) {
    this.sizeBytes = device.sizeBytes;
    this.mode = device.mode;
    this.#release = release;
  }

  read(offset: number, length: number): Promise<Buffer> {
    return this.device.read(offset, length);
  }

  write(offset: number, data: Uint8Array): Promise<void> {
    return this.device.write(offset, data);
  }

  zero(offset: number, length: number): Promise<void> {
    return this.device.zero(offset, length);
  }

  extents(): AsyncIterable<DataExtent> {
    return this.device.extents();
  }

  changedExtents(sinceSnapshotId: string): AsyncIterable<Extent> {
    return this.device.changedExtents(sinceSnapshotId);
  }

  flush(): Promise<void> {
    return this.device.flush();
  }

  async close(): Promise<void> {
    const release = this.#release;
    this.#release = undefined;
    try {
      await this.device.close();
    } finally {
      await release?.();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
