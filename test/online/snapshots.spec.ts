import { MIB } from '@scoria/core';
import { QmpCompute } from '@scoria/disk-image';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DriverOnDirectory } from '../support/driver-on-directory.js';
import { startDriver } from '../support/driver-on-directory.js';
import { Seeded } from '../support/seeded.js';
import { VolumeInUse } from './volume-in-use.js';

const SIZE = 4 * MIB;

let base: string;
let share: string;
let on: DriverOnDirectory;
beforeEach(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'scoria-in-use-'));
  share = path.join(base, 'share');
});
afterEach(async () => {
  await on[Symbol.asyncDispose]();
  await rm(base, { recursive: true, force: true });
});

async function volumeInUse(format: 'raw' | 'qcow2', seed = 1): Promise<VolumeInUse> {
  on = await startDriver(share, { options: { local_volume_format: format }, compute: new QmpCompute() });
  const driver = { driver: on.driver, context: () => on.context(), directoryOf: () => share };
  return VolumeInUse.create(driver, new Seeded(seed), base, SIZE);
}

/** What is on the share but for locks that nobody holds. */
async function filesOnShare(): Promise<string[]> {
  const entries = await readdir(share, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

describe.each(['raw', 'qcow2'] as const)('a %s volume that a guest writes to', (format) => {
  it.each([
    ['the only one', 1, [0]],
    ['the newest first', 3, [2, 1, 0]],
    ['the oldest first', 3, [0, 0, 0]],
    ['the middle first', 3, [1, 0, 0]],
  ])('has snapshots taken and deleted, %s', async (_what, count, order) => {
    await using volume = await volumeInUse(format);
    await volume.attach();
    for (let taken = 0; taken < count; taken += 1) {
      await volume.guest?.afterWrites(30);
      await volume.snapshot();
    }
    await volume.guest?.afterWrites(30);
    await volume.check();
    for (const place of order) {
      await volume.deleteSnapshot(volume.snapshots[place]!);
      await volume.check();
      await volume.guest?.afterWrites(10);
    }
    await volume.remove();
    expect(await filesOnShare()).toEqual([]);
  });

  it('is cloned, and volumes are made of its snapshots', async () => {
    await using volume = await volumeInUse(format);
    await volume.attach();
    await volume.guest?.afterWrites(40);
    await volume.cloneAndCompare();
    const point = await volume.snapshot();
    await volume.guest?.afterWrites(20);
    await volume.copyAndCompare(point);
    await volume.cloneAndCompare();
    await volume.check();
    await volume.remove();
    expect(await filesOnShare()).toEqual([]);
  });

  it('goes from guest to guest, and has snapshots changed between them', async () => {
    await using volume = await volumeInUse(format);
    for (const _round of [1, 2, 3]) {
      await volume.attach();
      await volume.guest?.afterWrites(20);
      await volume.snapshot();
      await volume.guest?.afterWrites(20);
      await volume.detach();
      await volume.snapshot();
      await volume.check();
    }
    await volume.attach();
    await volume.deleteSnapshot(volume.snapshots[5]!);
    await volume.deleteSnapshot(volume.snapshots[2]!);
    await volume.detach();
    await volume.deleteSnapshot(volume.snapshots[0]!);
    await volume.check();
    await volume.remove();
    expect(await filesOnShare()).toEqual([]);
  });
});
