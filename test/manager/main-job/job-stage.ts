import { GIB } from '@scoria/core';
import type { Accepted, Configuration, VolumeManager } from '@scoria/manager';
import { createVolumeManager } from '@scoria/manager';
import type { VolumeRecord } from '@scoria/store';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Cells } from '../kill/cells.js';
import { readCells, writeCells } from '../kill/cells.js';
import { BACKENDS } from '../kill/configuration.js';

export const CALLER = { projectId: 'project' };

/** Cells a GiB has. */
export const CELLS_A_GIB = 2 ** 18;

/** Two local backends in one directory, of raw and of qcow2 volumes, and a manager in this process. */
export class JobStage implements AsyncDisposable {
  #seeds = 0;

  private constructor(
    readonly directory: string,
    private readonly state: string,
    private current: VolumeManager,
  ) {}

  static async open(): Promise<JobStage> {
    const directory = await mkdtemp(path.join(tmpdir(), 'scoria-main-job-'));
    return JobStage.#start(directory, 'state');
  }

  static async #start(directory: string, state: string): Promise<JobStage> {
    return new JobStage(directory, state, await startManager(configurationOf(directory, state)));
  }

  get manager(): VolumeManager {
    return this.current;
  }

  /** Ends the manager, and starts another one on what it left. */
  async restart(): Promise<void> {
    await this.current.stop();
    this.current = await startManager(configurationOf(this.directory, this.state));
  }

  /** Another program at work on the same directories of volumes, with records of its own; it is to be stopped. */
  async stranger(): Promise<JobStage> {
    return JobStage.#start(this.directory, 'of-the-stranger');
  }

  async create(name: string, backend: string): Promise<VolumeRecord> {
    return ended(this.manager.createVolume(CALLER, { name, backend, sizeBytes: GIB }));
  }

  async snapshot(volume: string, name: string): Promise<string> {
    return (await ended(this.manager.createSnapshot(CALLER, { volume, name }))).id;
  }

  /** Writes new bytes into these cells. @returns what they hold */
  async write(volume: string, ...cells: readonly number[]): Promise<Cells> {
    const written = cells.map((cell): [number, number] => [cell, ++this.#seeds]);
    await this.manager.useVolumeData(CALLER, volume, 'read-write', (device) => writeCells(device, written));
    return new Map(written);
  }

  /** Every byte of a volume. */
  async read(volume: string): Promise<Cells> {
    return this.manager.useVolumeData(CALLER, volume, 'read-only', readCells);
  }

  async readSnapshot(snapshot: string): Promise<Cells> {
    return this.manager.useSnapshotData(CALLER, snapshot, readCells);
  }

  /** What is counted for the project. */
  async inUse(): Promise<Record<string, number>> {
    const usage = await this.manager.quota(CALLER.projectId);
    return Object.fromEntries(usage.map(({ resource, inUse }) => [resource, inUse]));
  }

  /** What an audit of both backends finds. */
  async findings(): Promise<unknown[]> {
    const reports = await Promise.all(BACKENDS.map((name) => this.manager.auditBackend(CALLER, name)));
    return reports.flatMap(({ findings }) => findings);
  }

  async files(backend: string): Promise<string[]> {
    const entries = await readdir(volumesIn(this.directory, backend), { withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.current.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Waits for the end of an operation. */
export async function ended<T>(accepted: Promise<Accepted<T>>): Promise<T> {
  return (await accepted).done;
}

/** The later ones count where several have bytes for one cell. */
export function together(...all: readonly Cells[]): Cells {
  return new Map(all.flatMap((cells) => [...cells]));
}

function volumesIn(directory: string, backend: string): string {
  return path.join(directory, `volumes-${backend}`);
}

async function startManager(configuration: Configuration): Promise<VolumeManager> {
  const manager = await createVolumeManager(configuration);
  await manager.start();
  await manager.settled();
  return manager;
}

function configurationOf(directory: string, state: string): Configuration {
  const statePath = path.join(directory, state);
  return {
    statePath,
    databaseUrl: `sqlite:${path.join(statePath, 'scoria.db')}`,
    enabledBackends: BACKENDS,
    backends: BACKENDS.map((name) => ({
      name,
      driver: '@scoria/driver-local',
      options: {
        local_volumes_path: volumesIn(directory, name),
        local_volume_format: name,
        volume_backend_name: name,
      },
      optionsAreText: false,
    })),
    quotas: { volumes: -1, snapshots: -1, gigabytes: -1 },
    listen: { host: '127.0.0.1', port: 0 },
    backendConcurrency: 16,
    statsIntervalMs: 60_000,
    logLevel: 'error',
  };
}
