import { GIB } from '@scoria/core';
import type { Snapshot } from '@scoria/core';
import { LocalBackend } from '../support/local-backend.js';
import { Stopwatch } from './report.js';

/** Runs the local driver as a program would: the real ports, one backend, one operation after the other. */
export class LocalRounds implements AsyncDisposable {
  readonly watch = new Stopwatch();

  private constructor(private readonly local: LocalBackend) {}

  static async start(directory: string): Promise<LocalRounds> {
    return new LocalRounds(await LocalBackend.start(directory));
  }

  /** A volume, `depth` snapshots, a connection; then all of it deleted, oldest snapshot first. */
  async round(depth: number): Promise<void> {
    const { local, watch } = this;
    const volume = await watch.time('create_volume', () => local.createVolume(GIB));
    const snapshots: Snapshot[] = [];
    for (let taken = 0; taken < depth; taken += 1) {
      snapshots.push(await watch.time('create_snapshot', () => local.snapshot(volume)));
    }
    await watch.time('initialize_connection', () =>
      local.driver.initializeConnection(local.context(), volume, { host: 'bench' }),
    );
    for (const snapshot of snapshots) {
      await watch.time('delete_snapshot', () => local.deleteSnapshot(snapshot));
    }
    await watch.time('delete_volume', () => local.deleteVolume(volume));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.local[Symbol.asyncDispose]();
  }
}
