import type { ShareLimits } from './share-limits.js';

/** Which shares a backend mounts, and how. */
export interface MountedSharesOptions {
  /** For mount(8): 'nfs', 'glusterfs'. */
  readonly fstype: string;
  /** The file that lists the shares; absolute. Read at start. */
  readonly sharesFile: string;
  /** The directory in which each share gets its mount point; absolute, made when missing. */
  readonly mountPointBase: string;
  /** The driver's own mount options, put before all others; they need not be such as an operator may give. */
  readonly driverOptions?: readonly string[];
  /** Mount options for all shares, one each, put before a share's own; what a shares file may not have is refused. */
  readonly mountOptions?: readonly string[];
  /** What mounts of this kind do not take, besides what none does. */
  readonly limits?: ShareLimits;
  /** The numeric id of the service's group, which is to own the shares and may write on them; left alone unless set. */
  readonly gid?: number;
  /** How long one mount may take; 60 s unless told. */
  readonly mountTimeoutMs?: number;
  /** How long a look at a share may take before it counts as dead; 10 s unless told. */
  readonly probeTimeoutMs?: number;
  /** How long a share that was found usable is taken to be so without another look; 10 s unless told. */
  readonly trustMs?: number;
  /** How long a share that failed is left alone, doubled with each failure up to 10 minutes; 30 s unless told. */
  readonly retryAfterMs?: number;
  /** How often a share that is in use is asked whether it still answers; 5 s unless told. */
  readonly heartbeatMs?: number;
  /** How long such an answer may take before operations on the share are given up; 30 s unless told. */
  readonly hangAfterMs?: number;
  /** How long `available` waits for a share that is slow to answer; 5 s unless told. */
  readonly availableWaitMs?: number;
}
export const MountedSharesOptions = Symbol.for('scoria.remotefs.MountedSharesOptions');

export const MOUNT_TIMEOUT_MS = 60_000;
export const TRUST_MS = 10_000;
export const RETRY_AFTER_MS = 30_000;
export const RETRY_AFTER_AT_MOST_MS = 600_000;
export const AVAILABLE_WAIT_MS = 5_000;
export const HEARTBEAT_MS = 5_000;
export const HANG_AFTER_MS = 30_000;
