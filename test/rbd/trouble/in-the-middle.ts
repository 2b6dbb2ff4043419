import { isDriverError } from '@scoria/core';
import type { CephCluster } from '../../support/ceph-cluster.js';
import { LoopDelay } from '../../support/loop-delay.js';
import type { CephStorage } from '../ceph-storage.js';
import type { RbdBackend } from '../rbd-backend.js';
import { codeOf, eventually, IN_TROUBLE, LIMIT_MS, OPERATION_MS, statsAnswer, within } from './limits.js';
import { contents, HeldOperation, prepare, type Records } from './operations.js';

/** A cluster, who looks into it from outside, and the driver. */
export interface Scene {
  ceph: CephCluster;
  storage: CephStorage;
  backend: RbdBackend;
}

export interface Trouble {
  readonly what: string;
  begin(): void | Promise<void>;
  end(standstillMs: number): void | Promise<void>;
}

/** When an operation is cut off: before it begins, or at one of its steps. */
export const STEPS = [1, 2, 3];

/** Trouble in the middle of all operations at once: each ends in time, and all goes on afterwards. */
export async function endureInTheMiddle(scene: Scene, trouble: Trouble, step: number): Promise<void> {
  const { backend } = scene;
  const { records, operations } = await prepare(backend);
  const held = operations.map((operation) => new HeldOperation(backend, operation, step));
  await Promise.all(held.map((one) => one.standsStill()));
  await using delay = await LoopDelay.start();
  await delay.reset();
  const began = Date.now();
  await trouble.begin();
  try {
    for (const one of held) one.goOn();
    const ends = await within(OPERATION_MS, Promise.all(held.map(({ ended }) => ended)));
    const codes = ends.map(codeOf);
    expect(codes.filter((code) => code !== 'done' && !IN_TROUBLE.includes(code))).toEqual([]);
    expect(await statsAnswer(backend)).toBe('unavailable');
    for (const error of ends) {
      if (isDriverError(error)) expect(error.message).toMatch(/volume|snapshot/);
    }
  } finally {
    await trouble.end(Date.now() - began);
  }
  // A call that waits for the cluster on the event loop would have stopped it for the time limit.
  expect(await delay.excessMs()).toBeLessThan(LIMIT_MS);
  await eventually(async () => expect(await statsAnswer(backend)).toBe('done'));
  await allIsWell(scene.backend, scene.storage, records);
}

/** The same driver, which was not started again, does all that there is to do; then nothing is left. */
async function allIsWell(backend: RbdBackend, storage: CephStorage, records: Records): Promise<void> {
  // What was cut off is taken back or ended by the driver itself.
  await eventually(async () => expect(await storage.journal()).toEqual([]));
  for (const volume of records.untouched) {
    await eventually(async () => expect((await backend.read(volume)).equals(contents(1))).toBe(true));
  }
  await eventually(async () => {
    const found = await backend.read(records.reverted);
    expect([1, 2].some((seed) => found.equals(contents(seed)))).toBe(true);
  });
  for (const snapshot of records.snapshots) await eventually(() => backend.deleteSnapshot(snapshot));
  for (const volume of records.volumes) await eventually(() => backend.deleteVolume(volume));
  await eventually(async () => expect([await storage.names(), await storage.journal()]).toEqual([[], []]));
}
