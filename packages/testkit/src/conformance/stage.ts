import type { Backend, ModelUpdate, OperationContext, Snapshot, Volume } from '@scoria/core';
import { applyUpdate, createBackend, MIB } from '@scoria/core';
import { Container } from 'inversify';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { MakeContextOptions } from '../builders.js';
import { makeContext, makeSnapshot, makeVolume } from '../builders.js';
import { openAndRead, openAndWrite } from '../device-access.js';
import { FakeLockManager } from '../fakes/fake-lock-manager.js';
import { fakePorts } from '../fakes/fake-ports.js';
import { MemoryLogger } from '../fakes/memory-logger.js';
import { describeError } from './checks.js';
import type { ConformanceHarness, ConformanceStorage } from './harness.js';

/** A backend that runs as if in a process of its own. */
interface Process {
  readonly name: string;
  readonly backend: Backend;
}

/**
 * A driver on storage of its own, and what a test does with it. It plays the caller: it keeps what methods
 * return, and gives every object the state that a call wants.
 */
export class Stage {
  readonly harness: ConformanceHarness;
  readonly storage: ConformanceStorage;
  readonly logger = new MemoryLogger();
  readonly locks = new FakeLockManager();
  readonly #stateDirectory: string;
  readonly #running: Process[] = [];
  #started = 0;

  private constructor(harness: ConformanceHarness, storage: ConformanceStorage, stateDirectory: string) {
    this.harness = harness;
    this.storage = storage;
    this.#stateDirectory = stateDirectory;
  }

  /** New storage with one backend started on it. */
  static async open(harness: ConformanceHarness): Promise<Stage> {
    const storage = await harness.freshStorage();
    const stage = new Stage(harness, storage, await mkdtemp(path.join(tmpdir(), 'scoria-testkit-')));
    try {
      await stage.startBackend();
    } catch (error) {
      await closeAfter(error, stage);
      throw error;
    }
    return stage;
  }

  /** The size of a test's volumes. */
  get size(): number {
    return this.harness.volumeBytes ?? 4 * MIB;
  }

  get backend(): Backend {
    const process = this.#running.at(-1);
    if (process === undefined) throw new Error('no backend is running on this stage');
    return process.backend;
  }

  get driver(): Backend['driver'] {
    return this.backend.driver;
  }

  context(options: MakeContextOptions = {}): OperationContext {
    return makeContext({ logger: this.logger, ...options });
  }

  /** A backend on the storage that is not started. */
  async createBackend(): Promise<Process> {
    this.#started += 1;
    const name = `process ${String(this.#started)}`;
    const { ports, plugin, bindings = [] } = this.harness;
    const root = new Container();
    root.load(fakePorts({ ...ports, lockManager: this.locks.process(name), logger: this.logger }));
    root.load(...bindings);
    const { options } = this.storage;
    const configuration = { name: 'conformance', options, stateDirectory: this.#stateDirectory };
    return { name, backend: await createBackend(root, plugin, configuration) };
  }

  /** Starts one more process on the storage, which the calls go to from now on. */
  async startBackend(): Promise<Backend> {
    const process = await this.createBackend();
    this.#running.push(process);
    await process.backend.start(this.context());
    return process.backend;
  }

  /** Kills the processes, with all they have under way and without a word to the driver, and starts a new one. */
  async restart(): Promise<void> {
    for (const { name } of this.#running.splice(0)) this.locks.killHolders(name);
    await this.startBackend();
  }

  async close(): Promise<void> {
    for (const { backend } of this.#running.splice(0)) await backend.stop(this.context());
    await this.storage.dispose?.();
    await rm(this.#stateDirectory, { recursive: true, force: true });
  }

  /** The names on the storage, sorted; nothing where the harness cannot tell. */
  async leftovers(): Promise<string[]> {
    return [...((await this.storage.leftovers?.()) ?? [])].sort();
  }

  async volume(overrides: Partial<Volume> = {}): Promise<Volume> {
    const volume = makeVolume({ sizeBytes: this.size, ...overrides });
    return available(volume, await this.driver.createVolume(this.context(), volume));
  }

  async snapshot(volume: Volume, overrides: Partial<Snapshot> = {}): Promise<Snapshot> {
    const snapshot = makeSnapshot(volume, overrides);
    return applyUpdate(snapshot, await this.driver.createSnapshot(this.context(), snapshot));
  }

  async volumeOf(snapshot: Snapshot, overrides: Partial<Volume> = {}): Promise<Volume> {
    const volume = makeVolume({ sizeBytes: snapshot.sizeBytes, ...overrides });
    return available(volume, await this.driver.createVolumeFromSnapshot(this.context(), volume, snapshot));
  }

  async clone(source: Volume, overrides: Partial<Volume> = {}): Promise<Volume> {
    const volume = makeVolume({ sizeBytes: source.sizeBytes, ...overrides });
    return available(volume, await this.driver.createClonedVolume(this.context(), volume, source));
  }

  async extend(volume: Volume, newSizeBytes: number): Promise<Volume> {
    const update = await this.driver.extendVolume(this.context(), volume, newSizeBytes);
    return applyUpdate({ ...volume, sizeBytes: newSizeBytes }, update);
  }

  async revert(volume: Volume, snapshot: Snapshot): Promise<Volume> {
    return applyUpdate(volume, await this.driver.revertToSnapshot(this.context(), volume, snapshot));
  }

  async deleteVolume(volume: Volume): Promise<void> {
    await this.driver.deleteVolume(this.context(), volume);
  }

  async deleteSnapshot(snapshot: Snapshot): Promise<void> {
    await this.driver.deleteSnapshot(this.context(), snapshot);
  }

  /** All bytes of a volume or snapshot. */
  async read(object: Volume | Snapshot): Promise<Buffer> {
    return openAndRead(this.driver, this.context(), object);
  }

  async write(volume: Volume, offset: number, data: Uint8Array): Promise<void> {
    await openAndWrite(this.driver, this.context(), volume, offset, data);
  }
}

/** Runs `body` on a stage and takes it down again. */
export async function withStage(
  harness: ConformanceHarness,
  body: (stage: Stage) => Promise<void>,
): Promise<void> {
  const stage = await Stage.open(harness);
  try {
    await body(stage);
  } catch (error) {
    await closeAfter(error, stage);
    throw error;
  }
  await stage.close();
}

/** What the stage was left in may keep it from being taken down; that must not hide why. */
async function closeAfter(error: unknown, stage: Stage): Promise<void> {
  try {
    await stage.close();
  } catch (closing) {
    const message = `${describeError(error)}; then ${describeError(closing)}`;
    throw new AggregateError([error, closing], message, { cause: closing });
  }
}

function available(volume: Volume, update: ModelUpdate): Volume {
  return { ...applyUpdate(volume, update), status: 'available' };
}
