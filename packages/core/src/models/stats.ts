/** A pool of a backend: a share, an array's pool, a Ceph pool. */
export interface PoolStats {
  readonly name: string;
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** What volumes in it promise, thin ones in full. */
  readonly provisionedBytes: number;
  /** Room that is never given out, in percent of the total. */
  readonly reservedPercentage: number;
  /** How much more than the total thin volumes may promise: 1 is nothing more. */
  readonly maxOverSubscriptionRatio: number;
  readonly thinProvisioning: boolean;
  /**
   * How many volumes become independent of what they were cloned from, in the background, and how many wait for that.
   * Absent where the backend does not do so.
   */
  readonly flattening?: { readonly running: number; readonly waiting: number };
}

/** What a backend has to offer; asked for at start and every minute. */
export interface BackendStats {
  readonly vendorName: string;
  /** `driver_volume_type` of its connections. */
  readonly storageProtocol: string;
  readonly pools: readonly PoolStats[];
}
