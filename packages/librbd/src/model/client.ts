import type { RbdPool } from './pool.js';

/** How to reach a cluster. */
export interface ConnectOptions {
  /** `ceph` unless told. */
  readonly clusterName?: string;
  /** Without the leading `client.`; librados' own choice (`admin`) unless told. */
  readonly user?: string;
  /** The cluster's configuration file; the usual places are searched unless told. */
  readonly confFile?: string;
  /** Single settings of the configuration, set after the file was read: `{ rbd_concurrent_management_ops: '20' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** How long connecting, and each call to a cluster that does not answer, may take. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Reaches Ceph clusters. Bound to librados and librbd, or to the simulated cluster; both answer alike.
 * Handles (cluster, pool, image) close by `await using`, or `close()`; closing twice is fine, closing a parent closes what
 * was opened of it, calls under way end first, and calls after it raise `closed`. Many calls may be under way at once.
 */
export interface RbdClient {
  /** @throws RbdError `library-missing`, `invalid` (configuration), `not-found` (no keyring), `permission`, `timed-out` */
  connect(options: ConnectOptions): Promise<RbdCluster>;
}
export const RbdClient = Symbol.for('scoria.RbdClient');

/** One address of a monitor. IPv6 without brackets. */
export interface MonitorAddress {
  readonly host: string;
  readonly port: number;
  readonly protocol: 'v1' | 'v2';
}

export interface PoolUsage {
  /** Bytes of data stored, without copies (`stored`). */
  readonly storedBytes: number;
  /** What can still be stored (`max_avail`), in bytes. */
  readonly availableBytes: number;
  /** undefined where there is no limit. */
  readonly quotaBytes: number | undefined;
}

/** A connection to a cluster; it is made again by {@link RbdClient.connect} when it is lost. */
export interface RbdCluster extends AsyncDisposable {
  readonly fsid: string;
  /** Every monitor's every address, in the order of the monitor map. */
  monitors(): Promise<readonly MonitorAddress[]>;
  /** @throws RbdError `not-found` no such pool */
  poolUsage(pool: string): Promise<PoolUsage>;
  /**
   * Runs a monitor command, such as `{ prefix: 'osd dump' }`.
   * @returns what it answered, parsed; undefined where it answered nothing
   */
  command(command: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** The names of all pools. */
  pools(): Promise<readonly string[]>;
  /** @throws RbdError `not-found` */
  openPool(name: string): Promise<RbdPool>;
  close(): Promise<void>;
}
