/** A run of bytes of a device. */
export interface Extent {
  /** In bytes from the start of the device. */
  readonly offset: number;
  readonly length: number;
}

/** A run of bytes and what it holds: bytes to read, or zeroes that need no reading. */
export interface DataExtent extends Extent {
  readonly kind: 'data' | 'zero';
}

export type DeviceMode = 'read-only' | 'read-write';

/**
 * The raw view of a volume or snapshot: what a guest sees, whatever the format underneath. Copies, image
 * transfer, backup, migration and verification are written once, on this.
 *
 * Offsets and lengths are bytes; a range beyond the end is refused (`invalid-input`), never shortened.
 * Several calls may be under way at once; ranges that overlap have no promised order.
 * Writes are durable after `flush`; `close` flushes. Errors are `DriverError`: `no-space`, `cancelled`,
 * `unavailable`, `failed`. After `close` every call is refused (`invalid-state`), but closing twice is fine.
 */
export interface BlockDevice extends AsyncDisposable {
  readonly sizeBytes: number;
  readonly mode: DeviceMode;
  /**
   * Fills a new buffer of exactly `length` bytes.
   * @param into of `length` bytes, to be filled instead and returned: who reads much spares making memory, and letting go
   *   of it. It is the device's until the read resolves; where that fails it may be written to even later. A driver that
   *   has no use for it may leave it alone: the bytes it returns are copied into it then.
   */
  read(offset: number, length: number, into?: Buffer): Promise<Buffer>;
  write(offset: number, data: Uint8Array): Promise<void>;
  /** Makes the range read as zeroes, giving its room back where the backend can. */
  zero(offset: number, length: number): Promise<void>;
  /** The whole device in order, adjacent extents of different kinds, nothing left out. */
  extents(): AsyncIterable<DataExtent>;
  /**
   * What may differ from the data of the snapshot `sinceSnapshotId`, which is older than what is open: in order,
   * without overlap, never too little, perhaps too much. Raises `not-supported` where the driver does not
   * declare `changedBlocks`, `snapshot-not-found` where there is no such snapshot below. The device of a backup takes
   * the id of an earlier backup instead.
   */
  changedExtents(sinceSnapshotId: string): AsyncIterable<Extent>;
  flush(): Promise<void>;
  close(): Promise<void>;
}
