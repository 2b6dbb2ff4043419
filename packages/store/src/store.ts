import type { SnapshotStatus, VolumeStatus } from '@scoria/core';
import type {
  AttachmentRecord,
  BackendRecord,
  Claim,
  MessageRecord,
  OperationOutcome,
  OperationRecord,
  QuotaResource,
  QuotaUsage,
  ResourceKind,
  SnapshotRecord,
  TemporarySnapshotRecord,
  TemporarySnapshotStatus,
  VolumeRecord,
  VolumeTypeRecord,
} from './records.js';

/** One page of a list, in the order `created_at desc, id desc`. */
export interface Page {
  /** At most this many; 1000 unless told. */
  readonly limit?: number;
  /** The id of the last object of the page before. An id that is not there is `not-found`. */
  readonly marker?: string;
}

export interface VolumeFilter extends Page {
  readonly projectId?: string;
  readonly backend?: string;
  readonly status?: VolumeStatus;
  readonly name?: string;
  readonly typeId?: string;
  /** Every pair must be there. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface SnapshotFilter extends Page {
  readonly projectId?: string;
  readonly volumeId?: string;
  readonly status?: SnapshotStatus;
  readonly name?: string;
}

export interface OperationFilter extends Page {
  readonly outcome?: OperationOutcome;
  readonly resourceId?: string;
  readonly ownerId?: string;
}

/** Fields to store; a key given as `undefined` is cleared, a key left out stays. */
export type Changes<T> = { readonly [Key in keyof T]?: T[Key] | undefined };

/**
 * The queries within one transaction (or, on {@link Store} itself, each on its own).
 * Every change of state is conditional: it names the states it expects and says whether it took place.
 */
export interface Records {
  // volumes
  insertVolume(volume: VolumeRecord): Promise<void>;
  getVolume(id: string): Promise<VolumeRecord | undefined>;
  listVolumes(filter?: VolumeFilter): Promise<VolumeRecord[]>;
  /** True if the volume was in one of `from` and has `changes` now. Sets `updatedAt`. Takes the row's lock. */
  changeVolume(id: string, from: readonly VolumeStatus[], changes: Changes<VolumeRecord>): Promise<boolean>;
  removeVolume(id: string): Promise<boolean>;
  /** How many volumes a backend has; without a name, all. */
  countVolumes(backend?: string): Promise<number>;
  // snapshots
  insertSnapshot(snapshot: SnapshotRecord): Promise<void>;
  getSnapshot(id: string): Promise<SnapshotRecord | undefined>;
  listSnapshots(filter?: SnapshotFilter): Promise<SnapshotRecord[]>;
  changeSnapshot(
    id: string,
    from: readonly SnapshotStatus[],
    changes: Changes<SnapshotRecord>,
  ): Promise<boolean>;
  removeSnapshot(id: string): Promise<boolean>;
  // temporary snapshots
  /** Puts it in the place of one with its id. */
  putTemporarySnapshot(snapshot: TemporarySnapshotRecord): Promise<void>;
  getTemporarySnapshot(id: string): Promise<TemporarySnapshotRecord | undefined>;
  /** As {@link changeVolume}. */
  changeTemporarySnapshot(
    id: string,
    from: readonly TemporarySnapshotStatus[],
    changes: Changes<TemporarySnapshotRecord>,
  ): Promise<boolean>;
  removeTemporarySnapshot(id: string): Promise<boolean>;
  // attachments
  insertAttachment(attachment: AttachmentRecord): Promise<void>;
  getAttachment(id: string): Promise<AttachmentRecord | undefined>;
  listAttachments(volumeId?: string): Promise<AttachmentRecord[]>;
  changeAttachment(id: string, changes: Changes<AttachmentRecord>): Promise<boolean>;
  removeAttachment(id: string): Promise<boolean>;
  // backends
  putBackend(backend: BackendRecord): Promise<void>;
  listBackends(): Promise<BackendRecord[]>;
  removeBackend(name: string): Promise<boolean>;
  // volume types
  insertVolumeType(type: VolumeTypeRecord): Promise<void>;
  listVolumeTypes(): Promise<VolumeTypeRecord[]>;
  changeVolumeType(id: string, changes: Changes<VolumeTypeRecord>): Promise<boolean>;
  /** False if there is none, or a volume has it. */
  removeVolumeType(id: string): Promise<boolean>;
  // quotas: counters kept in the same transaction as the rows they count
  setQuotaLimit(projectId: string, resource: QuotaResource, limit: number | undefined): Promise<void>;
  /** Usage with the stored limit, or else the one of `defaults` (-1 where there is none). */
  quotaUsage(projectId: string, defaults?: Partial<Record<QuotaResource, number>>): Promise<QuotaUsage[]>;
  /** Adds (or takes) `delta`. With a limit: false, and nothing changed, if the usage would be above it. */
  addQuotaUsage(projectId: string, resource: QuotaResource, delta: number, limit?: number): Promise<boolean>;
  /** What the rows add up to, counted afresh: what an audit compares the counters with. */
  countQuotaUsage(projectId: string): Promise<Record<QuotaResource, number>>;
  listProjects(): Promise<string[]>;
  // messages
  insertMessage(message: MessageRecord): Promise<void>;
  listMessages(resourceId?: string, page?: Page): Promise<MessageRecord[]>;
  // operations
  /** Writes the row and its claims. The caller has looked for conflicts in the same transaction. */
  insertOperation(operation: OperationRecord): Promise<void>;
  getOperation(id: string): Promise<OperationRecord | undefined>;
  listOperations(filter?: OperationFilter): Promise<OperationRecord[]>;
  /** The running operations that hold one of `claims` in a way that excludes it. */
  conflictingOperations(claims: readonly Claim[]): Promise<OperationRecord[]>;
  /**
   * Makes others who want one of these objects wait until this transaction has ended. Where writers are one after
   * the other anyway (SQLite) there is nothing to do.
   */
  lockClaimed(claims: readonly Claim[]): Promise<void>;
  /** Running operations that hold the resource in any way. */
  operationsHolding(kind: ResourceKind, id: string): Promise<OperationRecord[]>;
  /** Running operations of any of `ownerIds`. */
  operationsOf(ownerIds: readonly string[]): Promise<OperationRecord[]>;
  /** True for one caller only: the operation was `from`'s and running, and is `to`'s now. Counts a takeover. */
  takeOverOperation(id: string, from: string, to: string): Promise<boolean>;
  /** Step, progress, cancel request, parameters: of a running operation only. */
  changeOperation(id: string, changes: Changes<OperationRecord>): Promise<boolean>;
  /** Ends it and frees its claims; false if it had ended. */
  endOperation(
    id: string,
    outcome: Exclude<OperationOutcome, 'running'>,
    error?: { readonly code: string; readonly text: string },
  ): Promise<boolean>;
  /** Forgets operations that ended before `before` (ISO time), and messages and temporary snapshots as old; how many. */
  pruneHistory(before: string): Promise<number>;
}

/** A process that works on this state; alive as long as its lock is held, whatever clocks and process ids say. */
export interface Owner extends AsyncDisposable {
  readonly id: string;
  /** Resolves if the lock is lost while its holder lives (a database session that broke): stop working then. */
  readonly lost: Promise<Error>;
  /** Gives the lock up. Operations that still run under it are free to be taken over. */
  release(): Promise<void>;
}

export interface OwnerRegistry {
  /** A new owner: its lock is held (a file lock beside the SQLite file, a session's advisory lock on PostgreSQL). */
  register(): Promise<Owner>;
  /** Those of `ids` whose lock nobody holds. */
  deadAmong(ids: readonly string[]): Promise<string[]>;
}

export interface Store extends Records, AsyncDisposable {
  readonly dialect: 'sqlite' | 'postgresql';
  readonly owners: OwnerRegistry;
  /**
   * All or nothing. Serialised with every other writer of the rows it touches; never blocks the event loop while
   * it waits for another process. `work` must use `records` only, and not call out to anything slow; it is called again
   * where the database had to undo it for another transaction (a deadlock on PostgreSQL).
   */
  transaction<T>(work: (records: Records) => Promise<T>): Promise<T>;
  /** A cheap query, for readiness. Rejects with a StoreError `unavailable`. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
export const Store = Symbol.for('scoria.Store');
