import {
  DriverError,
  GIB,
  isDriverError,
  messageOf,
  type BlockDevice,
  type DataExtent,
  type DeviceMode,
  type Extent,
} from '@scoria/core';

import type { NbdClient } from './nbd-client.js';
import { NBD, type NbdContext } from './nbd-protocol.js';
import type { NbdServer } from './nbd-server.js';
import { OperationGate } from './operation-gate.js';
import { assertRange, assertWritable, joined, piecesOf } from './range.js';

/** What is asked for at once where no bytes are moved. */
const STATUS_BYTES = GIB;
const ZERO_BYTES = GIB;
/** What is still in the host's cache has to reach the disk first. */
const END_TIMEOUT_MS = 600_000;

/** How long to wait for the end of a process whose connection is lost. */
const REASON_TIMEOUT_MS = 2_000;

/** Where the data of a snapshot begin. */
export interface SnapshotPlace {
  /** How many layers, from the active one down, were written after the snapshot was taken. */
  readonly layersAbove: number;
  /** The size of the snapshot. */
  readonly sizeBytes: number;
}

export interface NbdDeviceParts {
  /** Names the image in errors. */
  readonly what: string;
  readonly server: NbdServer;
  readonly client: NbdClient;
  readonly mode: DeviceMode;
  readonly signal: AbortSignal;
  /** Missing where changes cannot be told; gives `undefined` for a snapshot that is not below. */
  readonly findSnapshot?: (snapshotId: string) => Promise<SnapshotPlace | undefined>;
}

/** The raw view of a chain, through a qemu-nbd of its own. */
export class NbdDevice implements BlockDevice {
  readonly sizeBytes: number;
  readonly mode: DeviceMode;
  readonly #parts: NbdDeviceParts;
  readonly #client: NbdClient;
  readonly #gate: OperationGate;

  constructor(parts: NbdDeviceParts) {
    this.sizeBytes = parts.client.exported.sizeBytes;
    this.mode = parts.mode;
    this.#parts = parts;
    this.#client = parts.client;
    this.#gate = new OperationGate(parts.what);
  }

  async read(offset: number, length: number): Promise<Buffer> {
    this.#assertRange(offset, length);
    return this.#run(async () => {
      const buffer = Buffer.allocUnsafe(length);
      await this.#forEachPiece({ offset, length }, (piece) => {
        const start = piece.offset - offset;
        return this.#client.readInto(buffer.subarray(start, start + piece.length), piece.offset);
      });
      return buffer;
    });
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    this.#assertRange(offset, data.length);
    assertWritable(this.#parts.what, this);
    await this.#run(() =>
      this.#forEachPiece({ offset, length: data.length }, (piece) => {
        const start = piece.offset - offset;
        return this.#client.write(piece.offset, data.subarray(start, start + piece.length));
      }),
    );
  }

  async zero(offset: number, length: number): Promise<void> {
    this.#assertRange(offset, length);
    assertWritable(this.#parts.what, this);
    for (const piece of piecesOf({ offset, length }, ZERO_BYTES)) {
      await this.#run(() => this.#client.writeZeroes(piece.offset, piece.length));
    }
  }

  async *extents(): AsyncGenerator<DataExtent> {
    yield* joined(this.#allocation());
  }

  async *changedExtents(sinceSnapshotId: string): AsyncGenerator<Extent> {
    const snapshot = await this.#run(() => this.#findSnapshot(sinceSnapshotId));
    yield* joined(this.#changesSince(snapshot));
  }

  async flush(): Promise<void> {
    await this.#run(() => (this.mode === 'read-write' ? this.#client.flush() : Promise.resolve()));
  }

  async close(): Promise<void> {
    await this.#gate.close(async () => {
      try {
        if (this.mode === 'read-write') await this.#client.flush();
        await this.#client.disconnect();
        if (this.mode === 'read-write') await this.#parts.server.exited(END_TIMEOUT_MS);
      } catch (error) {
        throw await this.#explained(error);
      } finally {
        await this.#parts.server.stop();
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async *#allocation(): AsyncGenerator<DataExtent> {
    for await (const { value, ...extent } of this.#statuses('base:allocation', this.sizeBytes)) {
      yield { ...extent, kind: (value & NBD.STATE_ZERO) === 0 ? 'data' : 'zero' };
    }
  }

  async *#changesSince(snapshot: SnapshotPlace): AsyncGenerator<Extent> {
    const end = Math.min(snapshot.sizeBytes, this.sizeBytes);
    // The depth is 1 for what the active layer has, 0 for what none has.
    for await (const { value: depth, ...extent } of this.#statuses('qemu:allocation-depth', end)) {
      if (depth > 0 && depth <= snapshot.layersAbove) yield extent;
    }
    // What the snapshot did not have at all.
    yield { offset: end, length: this.sizeBytes - end };
  }

  async *#statuses(context: NbdContext, end: number): AsyncGenerator<Extent & { value: number }> {
    for (let offset = 0; offset < end;) {
      const start = offset;
      const wanted = Math.min(STATUS_BYTES, end - start);
      for (const { length, value } of await this.#run(() =>
        this.#client.blockStatus(context, start, wanted),
      )) {
        // A server may tell more than it was asked.
        const known = Math.min(length, end - offset);
        yield { offset, length: known, value };
        offset += known;
      }
    }
  }

  async #findSnapshot(id: string): Promise<SnapshotPlace> {
    const { findSnapshot, what } = this.#parts;
    if (findSnapshot === undefined) {
      throw new DriverError({
        code: 'not-supported',
        message: `${what} was opened without a way to tell what was changed since a snapshot`,
      });
    }
    const found = await findSnapshot(id);
    if (found !== undefined) return found;
    throw new DriverError({
      code: 'snapshot-not-found',
      message: `there is no snapshot ${id} below ${what}`,
    });
  }

  #assertRange(offset: number, length: number): void {
    assertRange(this.#parts.what, this.sizeBytes, { offset, length });
  }

  async #forEachPiece(extent: Extent, work: (piece: Extent) => Promise<void>): Promise<void> {
    const pieces = [...piecesOf(extent, this.#client.exported.maxRequestBytes)];
    const results = await Promise.allSettled(pieces.map(work));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    return this.#gate.run(async () => {
      try {
        return await work();
      } catch (error) {
        throw await this.#explained(error);
      }
    });
  }

  /** A lost connection says less than the end of the process does. */
  async #explained(error: unknown): Promise<unknown> {
    const { what, signal, server } = this.#parts;
    if (!isDriverError(error, 'unavailable')) return error;
    if (signal.aborted) {
      return new DriverError({
        code: 'cancelled',
        message: `${what}: the operation was cancelled`,
        cause: error,
      });
    }
    const reason = await server.failure(REASON_TIMEOUT_MS);
    if (!isDriverError(reason)) return error;
    return new DriverError({
      code: reason.code === 'unsafe-image' ? 'unsafe-image' : 'unavailable',
      message: `${what}: ${messageOf(reason)}`,
      cause: reason,
    });
  }
}
