import { DriverError } from '@scoria/core';
import type { BlockDevice, DataExtent, DeviceMode, Extent } from '@scoria/core';
import { isRbdError } from '@scoria/librbd';
import type { DiffExtent, RbdImage } from '@scoria/librbd';
import { asDriverError } from '../cluster/rbd-errors.js';
import { snapshotName } from '../names.js';
import { asDeviceExtents } from './device-extents.js';

export interface RbdDeviceOptions {
  /** For messages: 'volume ...'. */
  readonly what: string;
  readonly sizeBytes: number;
  readonly mode: DeviceMode;
  /** The names of the snapshots that are older than what is open. */
  readonly older: readonly string[];
  /** The snapshot that an id is of, where it is not a volume's snapshot. */
  readonly nameOf?: (id: string) => string | undefined;
  /** Lets go of what is held. */
  readonly release: () => Promise<void>;
}

/** An open image, or an open snapshot of one, as a device. */
export class RbdDevice implements BlockDevice {
  readonly sizeBytes: number;
  readonly mode: DeviceMode;

  constructor(
    private readonly image: RbdImage,
    private readonly options: RbdDeviceOptions,
  ) {
    this.sizeBytes = options.sizeBytes;
    this.mode = options.mode;
  }

  async read(offset: number, length: number, into?: Buffer): Promise<Buffer> {
    if (length === 0) return into ?? Buffer.alloc(0);
    return this.#call('read', () => this.image.read(offset, length, into));
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    if (data.length > 0) await this.#call('write', () => this.image.write(offset, data));
  }

  async zero(offset: number, length: number): Promise<void> {
    if (length > 0) await this.#call('write zeroes', () => this.image.writeZeroes(offset, length));
  }

  async *extents(): AsyncIterable<DataExtent> {
    yield* asDeviceExtents(this.#diff({ includeParent: true }), this.sizeBytes);
  }

  async *changedExtents(sinceSnapshotId: string): AsyncIterable<Extent> {
    const { nameOf = snapshotName, older } = this.options;
    const since = nameOf(sinceSnapshotId);
    if (since === undefined || !older.includes(since)) throw this.#noSnapshot(sinceSnapshotId);
    for await (const { offset, length } of this.#diff({ since, includeParent: true })) {
      const end = Math.min(offset + length, this.sizeBytes);
      if (end > offset) yield { offset, length: end - offset };
    }
  }

  async flush(): Promise<void> {
    if (this.mode === 'read-write') await this.#call('flush', () => this.image.flush());
  }

  /** Whatever becomes of what was written: nothing is open or held afterwards. @throws DriverError as {@link flush} */
  async close(): Promise<void> {
    try {
      await this.#flushAndClose();
    } finally {
      await this.options.release();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #flushAndClose(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#call('close', () => this.image.close());
    }
  }

  async *#diff(options: Parameters<RbdImage['diff']>[0]): AsyncIterable<DiffExtent> {
    try {
      yield* this.image.diff(options);
    } catch (error) {
      throw asDriverError(error, `compare ${this.options.what}`);
    }
  }

  async #call<T>(operation: string, body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      if (isRbdError(error, 'closed')) throw this.#lost(operation, error);
      throw asDriverError(error, `${operation} ${this.options.what}`);
    }
  }

  #lost(operation: string, cause: unknown): DriverError {
    const message = `${operation} ${this.options.what}: the connection to the cluster was ended`;
    return new DriverError({ code: 'unavailable', message, cause });
  }

  #noSnapshot(id: string): DriverError {
    const message = `there is no snapshot ${id} that is older than ${this.options.what}`;
    return new DriverError({ code: 'snapshot-not-found', message });
  }
}
