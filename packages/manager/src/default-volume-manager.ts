import type { BlockDevice, Connector, Container, DeviceMode } from '@scoria/core';
import { messageOf } from '@scoria/core';
import type {
  BackendRecord,
  OperationFilter,
  QuotaResource,
  SnapshotFilter,
  VolumeFilter,
} from '@scoria/store';
import { Store } from '@scoria/store';
import { Backends } from './backends/backends.js';
import { SnapshotReporting } from './compute/snapshot-reporting.js';
import { Configuration } from './configuration.js';
import { ImageImport } from './data/image-import.js';
import type { EventListener } from './events.js';
import { ManagerEvents } from './events.js';
import { HistoryPruning } from './history-pruning.js';
import { Lifecycle } from './lifecycle.js';
import { Metrics } from './metrics.js';
import { OperationLog } from './operation-log.js';
import { AttachmentOperations } from './operations/attachment-operations.js';
import { DataAccess } from './operations/data-access.js';
import { ManageOperations } from './operations/manage-operations.js';
import { ManageSnapshotOperations } from './operations/manage-snapshot-operations.js';
import { SnapshotOperations } from './operations/snapshot-operations.js';
import { VolumeOperations } from './operations/volume-operations.js';
import { Quotas } from './placement/quotas.js';
import { VolumeTypes } from './placement/volume-types.js';
import type {
  AttachRequest,
  Caller,
  CreateSnapshotRequest,
  CreateVolumeRequest,
  ManageVolumeRequest,
} from './requests.js';
import type { Readiness } from './views.js';
import { AdoptionService } from './views/adoption-service.js';
import { AuditService } from './views/audit-service.js';
import { ChainService } from './views/chain-service.js';
import { DependencyService } from './views/dependency-service.js';
import { ManageableService } from './views/manageable-service.js';
import { PlanService } from './views/plan-service.js';
import type { VolumeManager } from './volume-manager.js';

type UseData<T> = (
  device: BlockDevice,
  progress: (done: number, total: number) => void,
  signal: AbortSignal,
) => Promise<T>;

/** The volume manager's one door: every method is a service's, of the container it is given. */
export class DefaultVolumeManager implements VolumeManager {
  readonly #store: Store;
  readonly #lifecycle: Lifecycle;
  readonly #backends: Backends;
  readonly #volumes: VolumeOperations;
  readonly #snapshots: SnapshotOperations;
  readonly #plans: PlanService;
  #stopped: Promise<void> | undefined;

  constructor(
    private readonly container: Container,
    private readonly forCommand: boolean,
  ) {
    this.#store = container.get<Store>(Store);
    this.#lifecycle = container.get(Lifecycle);
    this.#backends = container.get(Backends);
    this.#volumes = container.get(VolumeOperations);
    this.#snapshots = container.get(SnapshotOperations);
    this.#plans = container.get(PlanService);
    // Counts from the first operation on.
    if (!forCommand) container.get(Metrics);
  }

  start: VolumeManager['start'] = async (): Promise<void> => {
    if (this.forCommand) {
      await this.#lifecycle.startForCommand();
      return;
    }
    this.#lifecycle.start();
    this.container.get(HistoryPruning).start();
  };
  settled: VolumeManager['settled'] = async () => this.#lifecycle.settled();
  stop: VolumeManager['stop'] = async (): Promise<void> => {
    this.#stopped ??= this.#stop();
    await this.#stopped;
  };

  /** What is still worked on stays this process' until it ends: its lock, and with it the store, is kept. */
  async #stop(): Promise<void> {
    await this.container.get(HistoryPruning).stop();
    const { hasEnded, failures } = await this.#lifecycle.stop();
    if (hasEnded) await this.#store.close();
    if (failures.length > 0) throw new Error(`the manager did not stop cleanly: ${failures.join('; ')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  readiness: VolumeManager['readiness'] = async (): Promise<Readiness> => {
    const backends = this.#backends.present.map(({ name, state, reason }) => ({
      name,
      state,
      ...(reason === undefined ? {} : { reason }),
    }));
    const database = await this.#store.ping().then(
      () => ({ ok: true }),
      (error: unknown) => ({ ok: false, reason: messageOf(error) }),
    );
    return { ready: database.ok && backends.some(({ state }) => state === 'up'), database, backends };
  };
  metrics: VolumeManager['metrics'] = async () => this.container.get(Metrics).text();
  onEvent: VolumeManager['onEvent'] = (listener: EventListener) =>
    this.container.get(ManagerEvents).on(listener);

  getVolume: VolumeManager['getVolume'] = async (caller: Caller, volume: string) =>
    this.#volumes.get(caller, volume);
  listVolumes: VolumeManager['listVolumes'] = async ({ projectId }: Caller, filter: VolumeFilter = {}) =>
    this.#store.listVolumes({ projectId, ...filter });
  createVolume: VolumeManager['createVolume'] = async (caller: Caller, request: CreateVolumeRequest) =>
    this.#volumes.create(caller, request);
  updateVolume: VolumeManager['updateVolume'] = async (caller, volume, changes) =>
    this.#volumes.update(caller, volume, changes);
  deleteVolume: VolumeManager['deleteVolume'] = async (
    caller: Caller,
    volume: string,
    options?: { cascade?: boolean },
  ) => this.#volumes.delete(caller, volume, options);
  extendVolume: VolumeManager['extendVolume'] = async (
    caller: Caller,
    volume: string,
    newSizeBytes: number,
  ) => this.#volumes.extend(caller, volume, newSizeBytes);
  revertVolume: VolumeManager['revertVolume'] = async (caller: Caller, volume: string, snapshot: string) =>
    this.#volumes.revert(caller, volume, snapshot);
  retypeVolume: VolumeManager['retypeVolume'] = async (...args) => this.#volumes.retype(...args);
  migrateVolume: VolumeManager['migrateVolume'] = async (caller: Caller, volume: string, backend: string) =>
    this.#volumes.migrate(caller, volume, backend);
  resetVolume: VolumeManager['resetVolume'] = async (caller: Caller, volume: string) =>
    this.#volumes.reset(caller, volume);

  getSnapshot: VolumeManager['getSnapshot'] = async (caller: Caller, snapshot: string) =>
    this.#snapshots.get(caller, snapshot);
  listSnapshots: VolumeManager['listSnapshots'] = async (
    { projectId }: Caller,
    filter: SnapshotFilter = {},
  ) => this.#store.listSnapshots({ projectId, ...filter });
  createSnapshot: VolumeManager['createSnapshot'] = async (caller: Caller, request: CreateSnapshotRequest) =>
    this.#snapshots.create(caller, request);
  deleteSnapshot: VolumeManager['deleteSnapshot'] = async (caller: Caller, snapshot: string) =>
    this.#snapshots.delete(caller, snapshot);

  reportSnapshot: VolumeManager['reportSnapshot'] = async (caller, snapshotId, report) =>
    this.container.get(SnapshotReporting).report(caller, snapshotId, report);
  reportedSnapshot: VolumeManager['reportedSnapshot'] = async (snapshotId) =>
    this.container.get(SnapshotReporting).show(snapshotId);

  useVolumeData: VolumeManager['useVolumeData'] = async <T>(
    caller: Caller,
    volume: string,
    mode: DeviceMode,
    use: UseData<T>,
  ): Promise<T> => this.container.get(DataAccess).useVolume(caller, volume, mode, use);
  importImage: VolumeManager['importImage'] = async (caller, volume, image, progress = () => undefined) =>
    this.container.get(ImageImport).run(caller, volume, image, progress);
  useSnapshotData: VolumeManager['useSnapshotData'] = async <T>(
    caller: Caller,
    snapshot: string,
    use: UseData<T>,
  ): Promise<T> => this.container.get(DataAccess).useSnapshot(caller, snapshot, use);
  connectVolume: VolumeManager['connectVolume'] = async (
    caller: Caller,
    volume: string,
    connector: Connector,
  ) => this.#attachments.connect(caller, volume, connector);
  attachVolume: VolumeManager['attachVolume'] = async (caller: Caller, request: AttachRequest) =>
    this.#attachments.attach(caller, request);
  detachVolume: VolumeManager['detachVolume'] = async (caller: Caller, attachment: string) =>
    this.#attachments.detach(caller, attachment);
  listAttachments: VolumeManager['listAttachments'] = async (caller: Caller, volume?: string) =>
    this.#attachments.list(caller, volume);

  listManageable: VolumeManager['listManageable'] = async (caller: Caller, backend: string) =>
    this.container.get(ManageableService).list(caller, backend);
  manageVolume: VolumeManager['manageVolume'] = async (caller: Caller, request: ManageVolumeRequest) =>
    this.container.get(ManageOperations).manage(caller, request);
  unmanageVolume: VolumeManager['unmanageVolume'] = async (caller: Caller, volume: string) =>
    this.container.get(ManageOperations).unmanage(caller, volume);
  listManageableSnapshots: VolumeManager['listManageableSnapshots'] = async (...args) =>
    this.container.get(ManageableService).listSnapshots(...args);
  manageSnapshot: VolumeManager['manageSnapshot'] = async (...args) =>
    this.container.get(ManageSnapshotOperations).manage(...args);
  unmanageSnapshot: VolumeManager['unmanageSnapshot'] = async (...args) =>
    this.container.get(ManageSnapshotOperations).unmanage(...args);
  adoptBackend: VolumeManager['adoptBackend'] = async (
    caller: Caller,
    backend: string,
    options?: { dryRun?: boolean },
  ) => this.container.get(AdoptionService).adopt(caller, backend, options);
  auditBackend: VolumeManager['auditBackend'] = async (caller, backend, options) =>
    this.container.get(AuditService).audit(caller, backend, options);
  dependencies: VolumeManager['dependencies'] = async (
    caller: Caller,
    kind: 'volume' | 'snapshot',
    id: string,
  ) => this.container.get(DependencyService).of(caller, kind, id);
  chain: VolumeManager['chain'] = async (caller: Caller, volume: string) =>
    this.container.get(ChainService).of(caller, volume);

  planCreateVolume: VolumeManager['planCreateVolume'] = async (...args) => this.#plans.createVolume(...args);
  planDeleteVolume: VolumeManager['planDeleteVolume'] = async (...args) => this.#plans.deleteVolume(...args);
  planExtendVolume: VolumeManager['planExtendVolume'] = async (...args) => this.#plans.extendVolume(...args);
  planRevertVolume: VolumeManager['planRevertVolume'] = async (...args) => this.#plans.revertVolume(...args);
  planMigrateVolume: VolumeManager['planMigrateVolume'] = async (...args) =>
    this.#plans.migrateVolume(...args);
  planRetypeVolume: VolumeManager['planRetypeVolume'] = async (...args) => this.#plans.retypeVolume(...args);
  planCreateSnapshot: VolumeManager['planCreateSnapshot'] = async (...args) =>
    this.#plans.createSnapshot(...args);
  planDeleteSnapshot: VolumeManager['planDeleteSnapshot'] = async (...args) =>
    this.#plans.deleteSnapshot(...args);

  /** As a running manager published them; where none runs, as they are configured and not started. */
  listBackends: VolumeManager['listBackends'] = async (): Promise<BackendRecord[]> => {
    if (!this.forCommand) return [...this.#backends.present];
    const published = new Map((await this.#store.listBackends()).map((record) => [record.name, record]));
    return this.#backends.present.map((record) => published.get(record.name) ?? record);
  };
  checkBackend: VolumeManager['checkBackend'] = async (name: string) => this.#backends.check(name);

  listOperations: VolumeManager['listOperations'] = async (filter?: OperationFilter) =>
    this.#log.list(filter);
  getOperation: VolumeManager['getOperation'] = async (id: string) => this.#log.get(id);
  cancelOperation: VolumeManager['cancelOperation'] = async (id: string) => this.#log.cancel(id);
  watchOperation: VolumeManager['watchOperation'] = (id: string, signal?: AbortSignal) =>
    this.#log.watch(id, signal);

  listVolumeTypes: VolumeManager['listVolumeTypes'] = async () => this.container.get(VolumeTypes).list();
  createVolumeType: VolumeManager['createVolumeType'] = async (request) =>
    this.container.get(VolumeTypes).create(request);
  deleteVolumeType: VolumeManager['deleteVolumeType'] = async (type: string) =>
    this.container.get(VolumeTypes).remove(type);
  quota: VolumeManager['quota'] = async (projectId: string) => this.container.get(Quotas).usage(projectId);
  setQuota: VolumeManager['setQuota'] = async (projectId: string, resource: QuotaResource, limit: number) =>
    this.container.get(Quotas).setLimit(projectId, resource, limit);

  get configuration(): Configuration {
    return this.container.get<Configuration>(Configuration);
  }

  get #attachments(): AttachmentOperations {
    return this.container.get(AttachmentOperations);
  }

  get #log(): OperationLog {
    return this.container.get(OperationLog);
  }
}
