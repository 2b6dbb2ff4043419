import { MIB } from '@scoria/core';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LocalBackend } from '../support/local-backend.js';

const VOLUMES = 16;
/** For how long whoever has begun waits for the others at the most. */
const PATIENCE_MS = 30_000;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'scoria-concurrency-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Counts how many operations are between their first and their last step at once. */
class Together {
  now = 0;
  most = 0;

  /** @param waitAtBegin gives whoever could run the time to show it */
  constructor(private readonly waitAtBegin: (now: number) => Promise<void>) {}

  readonly onStep = async (step: string): Promise<void> => {
    if (step.endsWith(': end')) this.now -= 1;
    if (!step.endsWith(': begin')) return;
    this.most = Math.max(this.most, (this.now += 1));
    await this.waitAtBegin(this.now);
  };
}

it('16 snapshots of 16 volumes run side by side', async () => {
  let begun: () => void = () => undefined;
  const allBegun = new Promise<void>((resolve) => (begun = resolve));
  const together = new Together(async (now) => {
    if (now === VOLUMES) begun();
    await Promise.race([allBegun, delay(PATIENCE_MS, undefined, { ref: false })]);
  });
  await using local = await LocalBackend.start(directory);
  await using watched = await LocalBackend.start(directory, { onStep: together.onStep });
  const volumes = await Promise.all(Array.from({ length: VOLUMES }, () => local.createVolume(MIB)));
  const snapshots = await Promise.all(volumes.map((volume) => watched.snapshot(volume)));
  expect(together.most).toBe(VOLUMES);
  await Promise.all(snapshots.map((snapshot) => local.deleteSnapshot(snapshot)));
  await Promise.all(volumes.map((volume) => local.deleteVolume(volume)));
  expect((await readdir(directory)).filter((name) => name !== '.scoria')).toEqual([]);
});

it('16 snapshots of one volume run one after the other, and none is lost', async () => {
  const together = new Together(async () => delay(50));
  await using local = await LocalBackend.start(directory, { onStep: together.onStep });
  const volume = await local.createVolume(MIB);
  const snapshots = await Promise.all(Array.from({ length: VOLUMES }, () => local.snapshot(volume)));
  expect(together.most).toBe(1);
  for (const snapshot of snapshots) expect((await local.read(snapshot)).equals(Buffer.alloc(MIB))).toBe(true);
});

it('volumes from one snapshot are made side by side, and a delete of it waits for them', async () => {
  let copying = 0;
  let mostAtOnce = 0;
  let begun: () => void = () => undefined;
  const allBegun = new Promise<void>((resolve) => (begun = resolve));
  const onStep = async (step: string): Promise<void> => {
    if (step.startsWith('publish')) copying -= 1;
    if (!step.startsWith('copy')) return;
    mostAtOnce = Math.max(mostAtOnce, (copying += 1));
    if (copying === 4) begun();
    await allBegun;
  };
  await using local = await LocalBackend.start(directory);
  await using copier = await LocalBackend.start(directory, { onStep });
  const volume = await local.createVolume(MIB);
  await local.write(volume, 0, Buffer.alloc(4096, 7));
  const snapshot = await local.snapshot(volume);
  const copies = Array.from({ length: 4 }, () => copier.createFromSnapshot(snapshot));
  await allBegun;
  await local.deleteSnapshot(snapshot);
  expect(mostAtOnce).toBe(4);
  const expected = Buffer.alloc(MIB);
  expected.fill(7, 0, 4096);
  for (const copy of await Promise.all(copies)) expect((await local.read(copy)).equals(expected)).toBe(true);
});
