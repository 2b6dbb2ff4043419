import type { DriverPlugin } from '@scoria/core';
import { applyUpdate, createBackend, createContext, MIB } from '@scoria/core';
import type { Backend } from '@scoria/core';
import { openStore } from '@scoria/store';
import type { OperationRecord, Owner, SnapshotRecord, Store, VolumeRecord } from '@scoria/store';
import {
  FakeClock,
  FakeLockManager,
  fakePorts,
  MemoryArray,
  MemoryLogger,
  memoryPlugin,
} from '@scoria/testkit';
import { Container } from 'inversify';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { toDriverSnapshot, toDriverVolume } from '../../driver-objects.js';
import type { OperationHandler } from '../../engine/operation-handler.js';
import { ManagerError } from '../../errors.js';
import { AuditService } from '../audit-service.js';
import { CollectSnapshotHandler } from '../audit/collect-snapshot.js';
import { CollectVolumeHandler } from '../audit/collect-volume.js';
import { OrphanCollector } from '../audit/orphan-collector.js';
import type { BackendAccess } from '../backend-access.js';
import type { OperationSubmitter } from '../operation-submitter.js';
import { ViewContexts } from '../view-context.js';
import { anOperationRecord, aSnapshotRecord, aVolumeRecord } from './records.js';

export const CALLER = { projectId: 'project', requestId: 'req-1' };

/** Records in a database file, a backend in memory, and the views on both. */
export class ViewStage implements BackendAccess, OperationSubmitter, AsyncDisposable {
  readonly contexts = new ViewContexts(new MemoryLogger());
  readonly array: MemoryArray;

  private constructor(
    readonly store: Store,
    readonly owner: Owner,
    readonly backend: Backend,
    private readonly directory: string,
    private readonly arrayName: string,
  ) {
    this.array = MemoryArray.named(arrayName);
  }

  static async open(plugin: DriverPlugin = memoryPlugin): Promise<ViewStage> {
    const directory = await mkdtemp(path.join(tmpdir(), 'scoria-views-'));
    const lockManager = new FakeLockManager();
    const store = await openStore({
      url: `sqlite:${directory}/records.sqlite`,
      clock: new FakeClock({ autoAdvance: true }),
      lockManager,
      lockDirectory: directory,
    });
    const root = new Container();
    root.load(fakePorts({ lockManager }));
    const arrayName = randomUUID();
    const backend = await createBackend(root, plugin, {
      name: 'one',
      options: { array_name: arrayName },
      stateDirectory: directory,
    });
    await backend.start(contextOf());
    return new ViewStage(store, await store.owners.register(), backend, directory, arrayName);
  }

  get audit(): AuditService {
    const collector = new OrphanCollector(this, new CollectVolumeHandler(), new CollectSnapshotHandler());
    return new AuditService(this.store, this, this.contexts, collector);
  }

  async open(name: string): ReturnType<BackendAccess['open']> {
    const { driver, plugin } = this.backend;
    return Promise.resolve({ name, driver, capabilities: plugin.capabilities });
  }

  async known(): ReturnType<BackendAccess['known']> {
    return this.store.listBackends();
  }

  /** Accepts and runs an operation as the engine does, as far as these specs look. */
  async submit<P extends object, R>(
    handler: OperationHandler<P, R>,
    parameters: P,
  ): Promise<{ operationId: string; done: Promise<R> }> {
    const operationId = randomUUID();
    await this.store.transaction(async (records) => {
      const [running] = await records.conflictingOperations(handler.claims(parameters));
      if (running !== undefined)
        throw new ManagerError({ code: 'conflict', message: `${running.kind} runs` });
      await handler.accept(records, parameters);
      const { kind } = handler;
      await records.insertOperation({
        ...this.#row(operationId, handler.claims(parameters)),
        kind,
        parameters: { ...parameters } as Record<string, unknown>,
      });
    });
    return { operationId, done: this.#carryOut(operationId, handler, parameters) };
  }

  async #carryOut<P extends object, R>(
    id: string,
    handler: OperationHandler<P, R>,
    parameters: P,
  ): Promise<R> {
    const result = await handler.run(parameters, {
      operationId: id,
      context: contextOf(),
      records: this.store,
      backend: (name) => this.open(name),
      updateParameters: async () => Promise.resolve(),
    });
    await this.store.transaction(async (records) => {
      await handler.succeed(records, parameters, result);
      await records.endOperation(id, 'succeeded');
    });
    return result;
  }

  /** Writes the row of a running operation. */
  async operation(id: string, claims: OperationRecord['claims']): Promise<void> {
    await this.store.insertOperation(this.#row(id, claims));
  }

  #row(id: string, claims: OperationRecord['claims']): OperationRecord {
    return anOperationRecord({ id, claims, ownerId: this.owner.id, kind: 'some-work' });
  }

  /** A volume in the records and on the backend, counted in its project's quota. */
  async volume(fields: Partial<VolumeRecord> = {}): Promise<VolumeRecord> {
    const record = aVolumeRecord({ id: randomUUID(), sizeBytes: MIB, ...fields });
    const volume = toDriverVolume(record, 'creating');
    const update = await this.backend.driver.createVolume(contextOf(), volume);
    const { providerLocation } = applyUpdate(volume, update);
    const made = { ...record, ...(providerLocation === undefined ? {} : { providerLocation }) };
    await this.store.insertVolume(made);
    await this.store.addQuotaUsage(made.projectId, 'volumes', 1);
    await this.store.addQuotaUsage(made.projectId, 'gigabytes', made.sizeBytes);
    return (await this.store.getVolume(made.id)) ?? made;
  }

  async snapshot(volume: VolumeRecord, fields: Partial<SnapshotRecord> = {}): Promise<SnapshotRecord> {
    const record = aSnapshotRecord({ id: randomUUID(), volumeId: volume.id, sizeBytes: MIB, ...fields });
    await this.onBackend(record, volume);
    await this.store.insertSnapshot(record);
    await this.store.addQuotaUsage(record.projectId, 'snapshots', 1);
    await this.store.addQuotaUsage(record.projectId, 'gigabytes', record.sizeBytes);
    return record;
  }

  /** A snapshot that only the backend knows. */
  async onBackend(record: SnapshotRecord, volume: VolumeRecord): Promise<void> {
    await this.backend.driver.createSnapshot(contextOf(), toDriverSnapshot(record, volume));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.backend.stop(contextOf());
    await this.owner.release();
    await this.store.close();
    MemoryArray.remove(this.arrayName);
    await rm(this.directory, { recursive: true, force: true });
  }
}

export function contextOf(): ReturnType<typeof createContext> {
  return createContext({ requestId: 'req-1', logger: new MemoryLogger() });
}
