import type { BlockDevice, DataExtent, DeviceMode, Extent } from '../block-device.js';
import type { DriverErrorCode } from '../errors.js';
import { DriverError } from '../errors.js';

/**
 * A driver's device behind the checks that are the same for every device: ranges, what is open for reading only,
 * and what is closed. What does not pass is a clear error before the driver is called, so no driver has to repeat
 * them; `close` reaches the driver once.
 */
export class GuardedDevice implements BlockDevice {
  readonly sizeBytes: number;
  readonly mode: DeviceMode;
  #closed: Promise<void> | undefined;

  /** @param what the volume or snapshot that is open, for messages */
  constructor(
    private readonly device: BlockDevice,
    private readonly what: string,
  ) {
    this.sizeBytes = device.sizeBytes;
    this.mode = device.mode;
  }

  async read(offset: number, length: number, into?: Buffer): Promise<Buffer> {
    this.#check(offset, length);
    if (into === undefined) return this.device.read(offset, length);
    if (into.length !== length) {
      const message = `${String(length)} bytes of ${this.what} do not fill a buffer of ${String(into.length)} bytes`;
      throw new DriverError({ code: 'invalid-input', message, details: { device: this.what } });
    }
    const data = await this.device.read(offset, length, into);
    if (data !== into) data.copy(into);
    return into;
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    this.#checkWrite(offset, data.length);
    await this.device.write(offset, data);
  }

  async zero(offset: number, length: number): Promise<void> {
    this.#checkWrite(offset, length);
    await this.device.zero(offset, length);
  }

  async *extents(): AsyncIterable<DataExtent> {
    this.#check(0, 0);
    yield* this.device.extents();
  }

  async *changedExtents(sinceSnapshotId: string): AsyncIterable<Extent> {
    this.#check(0, 0);
    yield* this.device.changedExtents(sinceSnapshotId);
  }

  async flush(): Promise<void> {
    this.#check(0, 0);
    await this.device.flush();
  }

  async close(): Promise<void> {
    this.#closed ??= this.device.close();
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #checkWrite(offset: number, length: number): void {
    this.#check(offset, length);
    if (this.mode === 'read-only') throw this.#refusal('invalid-state', 'is open for reading only');
  }

  #check(offset: number, length: number): void {
    if (this.#closed !== undefined) throw this.#refusal('invalid-state', 'is closed');
    const isWhole = [offset, length].every((value) => Number.isSafeInteger(value) && value >= 0);
    if (isWhole && offset + length <= this.sizeBytes) return;
    const range = `${String(length)} bytes at ${String(offset)}`;
    throw this.#refusal('invalid-input', `has ${String(this.sizeBytes)} bytes, and not ${range}`);
  }

  #refusal(code: DriverErrorCode, why: string): DriverError {
    return new DriverError({
      code,
      message: `the device of ${this.what} ${why}`,
      details: { device: this.what },
    });
  }
}
