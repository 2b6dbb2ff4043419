import type { BlockDevice, DataExtent, DeviceMode, Extent } from '@scoria/core';
import { DriverError } from '@scoria/core';
import type { SparseBytes } from './sparse-bytes.js';

export interface MemoryDeviceOptions {
  /** `read-write` unless told. */
  readonly mode?: DeviceMode;
  /** The data of an older snapshot; without it `changedExtents` is not supported. */
  readonly bytesOfSnapshot?: (id: string) => SparseBytes | undefined;
  /** Called once, by the first `close`. */
  readonly onClose?: () => void | Promise<void>;
}

/** A {@link BlockDevice} over bytes in memory, for drivers' fakes and for tests. */
export class MemoryBlockDevice implements BlockDevice {
  readonly mode: DeviceMode;
  readonly #bytes: SparseBytes;
  readonly #options: MemoryDeviceOptions;
  #closed = false;

  constructor(bytes: SparseBytes, options: MemoryDeviceOptions = {}) {
    this.#bytes = bytes;
    this.#options = options;
    this.mode = options.mode ?? 'read-write';
  }

  get sizeBytes(): number {
    return this.#bytes.sizeBytes;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    this.#requireRange(offset, length);
    return Promise.resolve(this.#bytes.read(offset, length));
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    this.#requireWritable();
    this.#requireRange(offset, data.length);
    this.#bytes.write(offset, data);
    return Promise.resolve();
  }

  async zero(offset: number, length: number): Promise<void> {
    this.#requireWritable();
    this.#requireRange(offset, length);
    this.#bytes.zero(offset, length);
    return Promise.resolve();
  }

  async *extents(): AsyncGenerator<DataExtent> {
    this.#requireOpen();
    yield* this.#bytes.extents();
    return Promise.resolve();
  }

  async *changedExtents(sinceSnapshotId: string): AsyncGenerator<Extent> {
    this.#requireOpen();
    if (this.#options.bytesOfSnapshot === undefined) {
      throw new DriverError({ code: 'not-supported', message: 'this device does not know what changed' });
    }
    const older = this.#options.bytesOfSnapshot(sinceSnapshotId);
    if (older === undefined) {
      throw new DriverError({
        code: 'snapshot-not-found',
        message: `what is open has no older snapshot ${sinceSnapshotId}`,
      });
    }
    yield* this.#bytes.changedSince(older);
    return Promise.resolve();
  }

  async flush(): Promise<void> {
    this.#requireOpen();
    return Promise.resolve();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#options.onClose?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #requireOpen(): void {
    if (!this.#closed) return;
    throw new DriverError({ code: 'invalid-state', message: 'the device was closed; open it again' });
  }

  #requireWritable(): void {
    this.#requireOpen();
    if (this.mode === 'read-write') return;
    throw new DriverError({ code: 'invalid-state', message: 'the device was opened for reading only' });
  }

  #requireRange(offset: number, length: number): void {
    this.#requireOpen();
    const whole = [offset, length].every((value) => Number.isSafeInteger(value) && value >= 0);
    if (whole && offset + length <= this.sizeBytes) return;
    throw new DriverError({
      code: 'invalid-input',
      message:
        `${String(length)} bytes at ${String(offset)} are not within the device's ` +
        `${String(this.sizeBytes)} bytes`,
    });
  }
}
