import { createServer } from '@scoria/api';
import type { ComputeApi, GuestDisk, OperationContext } from '@scoria/core';
import { createContext } from '@scoria/core';
import { SystemClock } from '@scoria/host';
import type { Configuration } from '@scoria/manager';
import {
  createVolumeManager,
  loadConfiguration,
  novaComputeOf,
  serviceTokensOf,
  StoredReports,
} from '@scoria/manager';
import type { SnapshotRecord, Store } from '@scoria/store';
import { openStore } from '@scoria/store';
import { FakeCloud, FakeLockManager, MemoryLogger } from '@scoria/testkit';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const clock = new SystemClock();

/** A configuration as an operator writes it, of a local backend and the cloud. */
export function configurationFor(cloud: FakeCloud): string {
  const [user] = cloud.keystone.users;
  const lines = [
    'enabled_backends: [local]',
    'backends: {local: {volume_driver: "@scoria/driver-local", local_volumes_path: ./volumes}}',
    'log_level: error',
    'nova:',
    `  auth_url: ${cloud.authUrl}`,
    `  username: ${user?.name ?? ''}`,
    '  user_domain_name: Default',
    `  password: ${user?.password ?? ''}`,
    `  project_name: ${user?.project ?? ''}`,
    '  region_name: one',
  ];
  return lines.join('\n');
}

/** Records of a user's volume and of a snapshot of it, on which something is being done. */
export async function insertSnapshot(
  store: Store,
  status: SnapshotRecord['status'],
): Promise<SnapshotRecord> {
  const times = { createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:00:00.000Z' };
  const common = {
    projectId: 'the-users-project',
    sizeBytes: 1024 ** 3,
    providerMetadata: {},
    metadata: {},
    countsInQuota: false,
    ...times,
  };
  const volumeId = randomUUID();
  await store.insertVolume({ ...common, id: volumeId, name: 'data', status: 'in-use', backend: 'local' });
  const snapshot = { ...common, id: randomUUID(), volumeId, name: 'monday', status };
  await store.insertSnapshot(snapshot);
  return snapshot;
}

/**
 * A manager with its HTTP side, a cloud that reports to it, and a snapshot that is being taken or removed: the whole
 * way of a request to Nova and of its report, but for the guest.
 */
export class ReportedSnapshot implements AsyncDisposable {
  readonly logger = new MemoryLogger();
  readonly #ends: (() => Promise<unknown>)[] = [];
  cloud!: FakeCloud;
  address!: string;
  configuration!: Configuration;
  snapshot!: SnapshotRecord;
  store!: Store;

  static async open(status: SnapshotRecord['status']): Promise<ReportedSnapshot> {
    const stage = new ReportedSnapshot();
    try {
      await stage.#open(status);
    } catch (error) {
      await stage[Symbol.asyncDispose]();
      throw error;
    }
    return stage;
  }

  /** The compute service as another process would have it: nothing is shared but the records. */
  async otherProcess(): Promise<ComputeApi> {
    const store = await this.#openStore();
    const compute = novaComputeOf(this.configuration, {
      clock,
      reports: new StoredReports({ store, now: new Date().toISOString() }),
    });
    if (compute === undefined) throw new Error('the configuration has no compute service');
    return compute;
  }

  async disk(): Promise<GuestDisk> {
    const compute = await this.otherProcess();
    const attachment = { id: randomUUID(), host: 'node-1', instanceId: randomUUID() };
    const { volumeId, id: snapshotId } = this.snapshot;
    const disk = await compute.openDisk(this.context(), { volume: { id: volumeId }, attachment, snapshotId });
    if (disk === undefined) throw new Error('there is no disk');
    return disk;
  }

  context(signal?: AbortSignal): OperationContext {
    const about = { requestId: `req-${randomUUID()}`, logger: this.logger };
    return createContext(signal === undefined ? about : { ...about, signal });
  }

  async stored(): Promise<SnapshotRecord | undefined> {
    return this.store.getSnapshot(this.snapshot.id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends.reverse()) await end();
  }

  async #open(status: SnapshotRecord['status']): Promise<void> {
    const directory = await mkdtemp(path.join(tmpdir(), 'scoria-nova-'));
    this.#ends.push(() => rm(directory, { recursive: true, force: true }));
    this.cloud = await FakeCloud.start();
    this.#ends.push(() => this.cloud[Symbol.asyncDispose]());
    const file = path.join(directory, 'scoria.yaml');
    await writeFile(file, configurationFor(this.cloud), { mode: 0o600 });
    const names = { packages: ['@scoria/driver-local'], aliases: {} };
    const defaultDriver = { driver: '@scoria/driver-local', options: () => ({}) };
    this.configuration = await loadConfiguration({
      file,
      env: {},
      cwd: directory,
      drivers: names,
      defaultDriver,
    });
    await this.#serve();
    this.store = await this.#openStore();
    this.snapshot = await insertSnapshot(this.store, status);
    this.cloud.nova.volumes.set(this.snapshot.volumeId, 'ready');
    this.cloud.nova.volumeService = (projectId) => `${this.address}/v3/${projectId}`;
  }

  async #serve(): Promise<void> {
    const manager = await createVolumeManager(this.configuration);
    this.#ends.push(() => manager.stop());
    const serviceTokens = serviceTokensOf(this.configuration, { clock });
    const server = createServer(manager, { serviceTokens });
    this.#ends.push(() => server.close());
    this.address = await server.listen({ host: '127.0.0.1', port: 0 });
  }

  async #openStore(): Promise<Store> {
    const { databaseUrl: url, statePath } = this.configuration;
    const store = await openStore({
      url,
      clock,
      lockManager: new FakeLockManager(),
      lockDirectory: statePath,
    });
    this.#ends.push(() => store.close());
    return store;
  }
}
