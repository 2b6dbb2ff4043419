import { DriverError } from '@scoria/core';
import type { BlockDevice, DataExtent, DeviceMode, Extent } from '@scoria/core';

/** A device that lets go of its volume when it is closed. */
export class HeldDevice implements BlockDevice {
  readonly sizeBytes: number;
  readonly mode: DeviceMode;
  #release: (() => Promise<void>) | undefined;

  /**
   * @param isBelow whether a snapshot is in the chain below what is open
   * @param release lets go of the volume
   */
  constructor(
    private readonly device: BlockDevice,
    private readonly isBelow: (snapshotId: string) => boolean,
    release: () => Promise<void>,
  ) {
    this.sizeBytes = device.sizeBytes;
    this.mode = device.mode;
    this.#release = release;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    return this.device.read(offset, length);
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    return this.device.write(offset, data);
  }

  async zero(offset: number, length: number): Promise<void> {
    return this.device.zero(offset, length);
  }

  extents(): AsyncIterable<DataExtent> {
    return this.device.extents();
  }

  async *changedExtents(sinceSnapshotId: string): AsyncIterable<Extent> {
    if (!this.isBelow(sinceSnapshotId)) {
      throw new DriverError({
        code: 'snapshot-not-found',
        message: `there is no snapshot ${sinceSnapshotId} below what is open`,
      });
    }
    yield* this.device.changedExtents(sinceSnapshotId);
  }

  async flush(): Promise<void> {
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
