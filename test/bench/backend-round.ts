import type { Backend, OperationContext, Snapshot, Volume } from '@scoria/core';
import { GIB } from '@scoria/core';
import type { Stopwatch } from './report.js';

/** A driver with the records that a manager would keep. */
export interface MeasuredBackend {
  readonly driver: Backend['driver'];
  context(): OperationContext;
  createVolume(sizeBytes: number): Promise<Volume>;
  snapshot(volume: Volume): Promise<Snapshot>;
  deleteSnapshot(snapshot: Snapshot): Promise<void>;
  deleteVolume(volume: Volume): Promise<void>;
}

/** A volume, `depth` snapshots, a connection; then all of it deleted, oldest snapshot first. */
export async function backendRound(backend: MeasuredBackend, watch: Stopwatch, depth: number): Promise<void> {
  const volume = await watch.time('create_volume', () => backend.createVolume(GIB));
  const snapshots: Snapshot[] = [];
  for (let taken = 0; taken < depth; taken += 1) {
    snapshots.push(await watch.time('create_snapshot', () => backend.snapshot(volume)));
  }
  await watch.time('initialize_connection', () =>
    backend.driver.initializeConnection(backend.context(), volume, { host: 'bench' }),
  );
  for (const snapshot of snapshots) {
    await watch.time('delete_snapshot', () => backend.deleteSnapshot(snapshot));
  }
  await watch.time('delete_volume', () => backend.deleteVolume(volume));
}
