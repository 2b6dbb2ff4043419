import type {
  BlockDevice,
  ConnectionInfo,
  Connector,
  DeviceMode,
  ManageableEntry,
  ManageableSnapshot,
} from '@scoria/core';
import type {
  AttachmentRecord,
  BackendRecord,
  OperationFilter,
  OperationRecord,
  QuotaResource,
  QuotaUsage,
  SnapshotFilter,
  SnapshotRecord,
  VolumeFilter,
  VolumeRecord,
  VolumeTypeRecord,
} from '@scoria/store';
import type { SnapshotStatusReport } from './compute/snapshot-reporting.js';
import type {
  AttachRequest,
  Caller,
  CreateSnapshotRequest,
  CreateVolumeRequest,
  ImageFile,
  ManageSnapshotRequest,
  ManageVolumeRequest,
  RetypeOptions,
} from './requests.js';
import type {
  AdoptionReport,
  AuditReport,
  ChainNode,
  Dependencies,
  ManagerEvent,
  OperationPlan,
  Readiness,
} from './views.js';

/** An operation that was accepted: its row is written, the conflict checks are behind it. */
export interface Accepted<T> {
  readonly operationId: string;
  /** The object as it was accepted: a volume that is `creating`. */
  readonly initial: T;
  /** Settles when the operation has ended. Always handled: a caller may ignore it. */
  readonly done: Promise<T>;
}

/**
 * Runs volume operations on the backends and keeps the records. Objects are named by id or by a name that only one
 * has. Everything that changes something is an operation: accepted (or refused with `conflict`) in one transaction,
 * then carried out; `await accepted.done` for the end.
 * Errors are `ManagerError`. Several managers, in one process or many, may work on one state.
 */
export interface VolumeManager extends AsyncDisposable {
  /** Starts the backends (each retried by itself), takes over what dead processes left. Resolves at once. */
  start(): Promise<void>;
  /** Resolves when every enabled backend is up or has failed once, and what was left over has been dealt with. */
  settled(): Promise<void>;
  /** Lets running operations end (30 s), stops the backends, closes the store. Idempotent. */
  stop(): Promise<void>;
  readiness(): Promise<Readiness>;
  /** Prometheus text. */
  metrics(): Promise<string>;
  /** Calls `listener` with what happens in this process from now on; returns how to stop it. */
  onEvent(listener: (event: ManagerEvent) => void): () => void;

  getVolume(caller: Caller, volume: string): Promise<VolumeRecord>;
  listVolumes(caller: Caller, filter?: VolumeFilter): Promise<VolumeRecord[]>;
  createVolume(caller: Caller, request: CreateVolumeRequest): Promise<Accepted<VolumeRecord>>;
  updateVolume(
    caller: Caller,
    volume: string,
    changes: { name?: string; description?: string; metadata?: Readonly<Record<string, string>> },
  ): Promise<VolumeRecord>;
  /** `cascade`: its snapshots first. */
  deleteVolume(
    caller: Caller,
    volume: string,
    options?: { cascade?: boolean },
  ): Promise<Accepted<VolumeRecord>>;
  extendVolume(caller: Caller, volume: string, newSizeBytes: number): Promise<Accepted<VolumeRecord>>;
  revertVolume(caller: Caller, volume: string, snapshot: string): Promise<Accepted<VolumeRecord>>;
  /** Where it is, as far as its backend can; else it is moved, if that is allowed. */
  retypeVolume(
    caller: Caller,
    volume: string,
    type: string,
    options?: RetypeOptions,
  ): Promise<Accepted<VolumeRecord>>;
  migrateVolume(caller: Caller, volume: string, backend: string): Promise<Accepted<VolumeRecord>>;
  /** Puts an object in an error state back to `available` once a person has looked at it. */
  resetVolume(caller: Caller, volume: string): Promise<VolumeRecord>;

  getSnapshot(caller: Caller, snapshot: string): Promise<SnapshotRecord>;
  listSnapshots(caller: Caller, filter?: SnapshotFilter): Promise<SnapshotRecord[]>;
  createSnapshot(caller: Caller, request: CreateSnapshotRequest): Promise<Accepted<SnapshotRecord>>;
  deleteSnapshot(caller: Caller, snapshot: string): Promise<Accepted<SnapshotRecord>>;
  /**
   * Takes down what a compute service reports of a snapshot, of any project, that is being taken or removed. The
   * snapshot's own state is changed by the operation that waits for the report, and by nobody else.
   */
  reportSnapshot(caller: Caller, snapshotId: string, report: SnapshotStatusReport): Promise<void>;
  /** The snapshot that a compute service works on, of any project, by its id. */
  reportedSnapshot(snapshotId: string): Promise<SnapshotRecord>;

  /** The raw data for as long as `use` runs; the volume is `uploading` (reading) or `downloading` (writing). */
  useVolumeData<T>(
    caller: Caller,
    volume: string,
    mode: DeviceMode,
    use: (
      device: BlockDevice,
      progress: (done: number, total: number) => void,
      signal: AbortSignal,
    ) => Promise<T>,
  ): Promise<T>;
  /**
   * Writes what a guest would see of an image file to the start of the volume, converted on the way; its zeroes are
   * zeroed, so that they take no room where they need not. What is beyond the image's end stays as it is. An image
   * that is not of the format, depends on other files or is unsafe otherwise is `invalid-input`, and so is one that does
   * not fit: then nothing is changed. Cancelled or failed, it leaves the volume in `error`, with a part of the data.
   * @returns the image's size as a guest sees it, in bytes
   */
  importImage(
    caller: Caller,
    volume: string,
    image: ImageFile,
    progress?: (done: number, total: number) => void,
  ): Promise<number>;
  useSnapshotData<T>(
    caller: Caller,
    snapshot: string,
    use: (
      device: BlockDevice,
      progress: (done: number, total: number) => void,
      signal: AbortSignal,
    ) => Promise<T>,
  ): Promise<T>;
  /** What a host needs to reach the volume. Changes no state. */
  connectVolume(caller: Caller, volume: string, connector: Connector): Promise<ConnectionInfo>;
  attachVolume(caller: Caller, request: AttachRequest): Promise<Accepted<AttachmentRecord>>;
  detachVolume(caller: Caller, attachment: string): Promise<Accepted<AttachmentRecord>>;
  listAttachments(caller: Caller, volume?: string): Promise<AttachmentRecord[]>;

  listManageable(caller: Caller, backend: string): Promise<ManageableEntry[]>;
  manageVolume(caller: Caller, request: ManageVolumeRequest): Promise<Accepted<VolumeRecord>>;
  unmanageVolume(caller: Caller, volume: string): Promise<Accepted<VolumeRecord>>;
  /** Snapshots on a backend that are none of ours; those of volumes that are not managed have to wait for these. */
  listManageableSnapshots(caller: Caller, backend: string): Promise<ManageableSnapshot[]>;
  manageSnapshot(caller: Caller, request: ManageSnapshotRequest): Promise<Accepted<SnapshotRecord>>;
  unmanageSnapshot(caller: Caller, snapshot: string): Promise<Accepted<SnapshotRecord>>;
  adoptBackend(caller: Caller, backend: string, options?: { dryRun?: boolean }): Promise<AdoptionReport>;
  /** `repair`: carry out the repairs that are sure; `collectOrphans`: also remove from the backend what nobody knows. */
  auditBackend(
    caller: Caller,
    backend: string,
    options?: { repair?: boolean; collectOrphans?: boolean },
  ): Promise<AuditReport>;
  dependencies(caller: Caller, kind: 'volume' | 'snapshot', id: string): Promise<Dependencies>;
  chain(caller: Caller, volume: string): Promise<ChainNode[]>;

  planCreateVolume(caller: Caller, request: CreateVolumeRequest): Promise<OperationPlan>;
  planDeleteVolume(caller: Caller, volume: string, options?: { cascade?: boolean }): Promise<OperationPlan>;
  planExtendVolume(caller: Caller, volume: string, newSizeBytes: number): Promise<OperationPlan>;
  planRevertVolume(caller: Caller, volume: string, snapshot: string): Promise<OperationPlan>;
  planMigrateVolume(caller: Caller, volume: string, backend: string): Promise<OperationPlan>;
  planRetypeVolume(
    caller: Caller,
    volume: string,
    type: string,
    options?: RetypeOptions,
  ): Promise<OperationPlan>;
  planCreateSnapshot(caller: Caller, request: CreateSnapshotRequest): Promise<OperationPlan>;
  planDeleteSnapshot(caller: Caller, snapshot: string): Promise<OperationPlan>;

  listBackends(): Promise<BackendRecord[]>;
  /** Starts the backend, if need be, and asks it for statistics. */
  checkBackend(name: string): Promise<BackendRecord>;
  listOperations(filter?: OperationFilter): Promise<OperationRecord[]>;
  getOperation(id: string): Promise<OperationRecord>;
  /** Asks for the end of an operation, in whichever process it runs. */
  cancelOperation(id: string): Promise<OperationRecord>;
  /** Yields the record each time it has changed, until it has ended. */
  watchOperation(id: string, signal?: AbortSignal): AsyncIterable<OperationRecord>;

  listVolumeTypes(): Promise<VolumeTypeRecord[]>;
  createVolumeType(request: {
    name: string;
    description?: string;
    extraSpecs?: Readonly<Record<string, string>>;
    qosSpecs?: Readonly<Record<string, string>>;
  }): Promise<VolumeTypeRecord>;
  deleteVolumeType(type: string): Promise<void>;
  quota(projectId: string): Promise<QuotaUsage[]>;
  setQuota(projectId: string, resource: QuotaResource, limit: number): Promise<void>;
}
export const VolumeManager = Symbol.for('scoria.VolumeManager');
