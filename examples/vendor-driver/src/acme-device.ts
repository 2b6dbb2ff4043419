import type { BlockDevice, DataExtent, DeviceMode, Extent, Lock } from '@scoria/core';
import { DriverError } from '@scoria/core';
import type { AcmeClient } from './acme-client.js';

/** What {@link AcmeDevice} is opened on. */
export interface AcmeDeviceTarget {
  /** The object's path in the API. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly mode: DeviceMode;
  /** Held while the device is open. */
  readonly lock: Lock;
  readonly signal: AbortSignal;
}

/** The data of a volume or snapshot through the array's data API. Every write is durable when it is answered. */
export class AcmeDevice implements BlockDevice {
  readonly sizeBytes: number;
  readonly mode: DeviceMode;
  readonly #target: AcmeDeviceTarget;

  constructor(
    private readonly client: AcmeClient,
    target: AcmeDeviceTarget,
  ) {
    this.#target = target;
    this.sizeBytes = target.sizeBytes;
    this.mode = target.mode;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const data = await this.#data('GET', { offset, length });
    if (data.length === length) return data;
    throw new DriverError({
      code: 'failed',
      message: `asked for ${String(length)} bytes of ${this.#target.path}, got ${String(data.length)}`,
    });
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    await this.#data('PUT', { offset }, data);
  }

  async zero(offset: number, length: number): Promise<void> {
    await this.#data('DELETE', { offset, length });
  }

  async *extents(): AsyncGenerator<DataExtent> {
    yield* await this.#extents<DataExtent>({});
  }

  async *changedExtents(sinceSnapshotId: string): AsyncGenerator<Extent> {
    yield* await this.#extents<Extent>({ since: `snapshot-${sinceSnapshotId}` });
  }

  async flush(): Promise<void> {
    return Promise.resolve(); // every write was durable when it was answered
  }

  async close(): Promise<void> {
    await this.#target.lock.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #data(method: string, query: Record<string, number>, data?: Uint8Array): Promise<Buffer> {
    const { signal, path } = this.#target;
    const request = data === undefined ? { query } : { query, data };
    return this.client.bytes(signal, method, `${path}/data`, request);
  }

  async #extents<T>(query: Record<string, string>): Promise<T[]> {
    return this.client.json<T[]>(this.#target.signal, 'GET', `${this.#target.path}/extents`, { query });
  }
}
