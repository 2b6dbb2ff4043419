import type { SnapshotStatus, VolumeStatus } from '@scoria/core';

/** Plain strings a user keeps with an object. */
export type Metadata = Readonly<Record<string, string>>;

/** A volume as it is stored. Times are ISO 8601 in UTC; sizes are bytes. */
export interface VolumeRecord {
  /** A canonical UUID. */
  readonly id: string;
  /**
   * The id the backend knows the volume by, where a migration has made it another than `id`: Cinder's `_name_id`.
   * Drivers see this one.
   */
  readonly nameId?: string;
  readonly name: string;
  readonly description?: string;
  readonly projectId: string;
  readonly sizeBytes: number;
  readonly status: VolumeStatus;
  /** Why it is in an error state, or why the last operation on it failed; for a person. */
  readonly statusReason?: string;
  readonly backend: string;
  /** The backend's pool it was placed in, where the driver told. */
  readonly pool?: string;
  readonly typeId?: string;
  readonly sourceVolumeId?: string;
  readonly sourceSnapshotId?: string;
  readonly providerLocation?: string;
  readonly providerId?: string;
  readonly providerMetadata: Metadata;
  readonly metadata: Metadata;
  /** Temporary volumes (the target of a migration) do not count. */
  readonly countsInQuota: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What the compute service was asked to do for a snapshot of a volume that a guest uses, and what it has said since. */
export interface ComputeReport {
  /** As reported: `creating`, `deleting`, `error`, `error_deleting`, `available`; nothing was reported without it. */
  readonly status?: string;
  /** As reported: `90%`. */
  readonly progress?: string;
  /** What was asked for; a report that nobody asked for is kept without it. */
  readonly asked?: string;
  /** What the compute service reports of what was asked for, while all is well. */
  readonly phase?: 'creating' | 'deleting';
  /** The state the snapshot had at the time: in another one, the report is of no meaning any more. */
  readonly during: 'creating' | 'deleting';
  /** The same was asked for before, and it is not known what became of that. */
  readonly inDoubt?: boolean;
}

export interface SnapshotRecord {
  readonly id: string;
  readonly volumeId: string;
  readonly name: string;
  readonly description?: string;
  readonly projectId: string;
  /** The volume's size when it was taken. */
  readonly sizeBytes: number;
  readonly status: SnapshotStatus;
  readonly statusReason?: string;
  readonly computeReport?: ComputeReport;
  readonly providerLocation?: string;
  readonly providerId?: string;
  readonly providerMetadata: Metadata;
  readonly metadata: Metadata;
  readonly countsInQuota: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What becomes of a snapshot that is taken for the time of a clone; nobody but the compute service is shown it. */
export type TemporarySnapshotStatus =
  'creating' | 'available' | 'error' | 'deleting' | 'deleted' | 'error_deleting';

/**
 * A snapshot of no user's that a compute service works on, for the time of a clone. It is there from the first request
 * on, so that reports have somewhere to arrive.
 */
export interface TemporarySnapshotRecord {
  readonly id: string;
  readonly volumeId: string;
  readonly status: TemporarySnapshotStatus;
  readonly computeReport: ComputeReport;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export type AttachmentStatus = 'reserved' | 'attaching' | 'attached' | 'detaching' | 'error';

export interface AttachmentRecord {
  readonly id: string;
  readonly volumeId: string;
  readonly status: AttachmentStatus;
  readonly host?: string;
  readonly instanceId?: string;
  /** The Unix socket of the guest's monitor on the host, where the guest is reached by it. */
  readonly monitor?: string;
  readonly device?: string;
  readonly connector?: Readonly<Record<string, unknown>>;
  readonly connectionInfo?: Readonly<Record<string, unknown>>;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What is known of a backend: written by the process that runs it, read by every other. */
export interface BackendRecord {
  readonly name: string;
  readonly driver: string;
  readonly state: 'up' | 'down' | 'starting';
  /** Why it is down. */
  readonly reason?: string;
  readonly capabilities: readonly string[];
  readonly vendorName?: string;
  readonly storageProtocol?: string;
  readonly pools: readonly PoolRecord[];
  readonly updatedAt: string;
}

export interface PoolRecord {
  readonly name: string;
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly provisionedBytes: number;
  readonly reservedPercentage: number;
  readonly maxOverSubscriptionRatio: number;
  readonly thinProvisioning: boolean;
  /** Volumes that become independent of what they were cloned from, and those that wait for that. */
  readonly flattening?: { readonly running: number; readonly waiting: number };
}

export interface VolumeTypeRecord {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  /** What a backend must have, in Cinder's words: `volume_backend_name`, `capabilities:clone`: `<is> True`. */
  readonly extraSpecs: Metadata;
  readonly qosSpecs: Metadata;
  readonly createdAt: string;
}

export const QUOTA_RESOURCES = ['volumes', 'snapshots', 'gigabytes'] as const;
export type QuotaResource = (typeof QUOTA_RESOURCES)[number];

/** `gigabytes` counts in bytes here; the edge shows GiB. */
export interface QuotaUsage {
  readonly resource: QuotaResource;
  /** -1: no limit. */
  readonly limit: number;
  readonly inUse: number;
}

export type ResourceKind = 'volume' | 'snapshot' | 'backend' | 'attachment';

/** Something for a user to read later: why an operation failed. */
export interface MessageRecord {
  readonly id: string;
  readonly projectId: string;
  readonly resourceKind: ResourceKind;
  readonly resourceId: string;
  readonly level: 'info' | 'error';
  readonly code: string;
  readonly text: string;
  readonly requestId: string;
  readonly createdAt: string;
}

/** An operation holds the resources it works on; two hold one at once only if both are `shared`. */
export interface Claim {
  readonly kind: ResourceKind;
  readonly id: string;
  readonly mode: 'exclusive' | 'shared';
}

export type OperationOutcome = 'running' | 'succeeded' | 'failed' | 'cancelled';

/** One piece of durable work: written before the driver is called, ended with its result in one transaction. */
export interface OperationRecord {
  readonly id: string;
  /** The manager's name of what is done: `create-volume`. */
  readonly kind: string;
  readonly claims: readonly Claim[];
  /** What it needs to be finished or undone by another process. JSON. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The process that works on it; see `OwnerRegistry`. */
  readonly ownerId: string;
  readonly requestId: string;
  readonly projectId: string;
  readonly outcome: OperationOutcome;
  readonly step?: string;
  readonly progressDone?: number;
  readonly progressTotal?: number;
  /** How often it was taken over after its owner's death. */
  readonly takeovers: number;
  readonly cancelRequested: boolean;
  readonly errorCode?: string;
  readonly errorText?: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly endedAt?: string;
}
