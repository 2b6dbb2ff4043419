import type { BackupPoint, BlockDevice, Volume } from '@scoria/core';
import assert from 'node:assert/strict';
import { makeVolume } from '../../builders.js';
import { collect } from '../../device-access.js';
import { patternBytes } from '../../pattern-bytes.js';
import { stageCase } from '../case.js';
import { assertBytes, assertRefused } from '../checks.js';
import type { Stage } from '../stage.js';

/** The same backup on every stage: its first, its second, ... */
export function backupPoint(number: number): BackupPoint {
  return {
    id: `ba0c4b00-0000-4000-8000-${String(number).padStart(12, '0')}`,
    createdAt: new Date(Date.UTC(2026, 0, number)).toISOString(),
  };
}

async function withBackup<T>(
  stage: Stage,
  volume: Volume,
  number: number,
  use: (device: BlockDevice) => Promise<T>,
): Promise<T> {
  const device = await stage.driver.openBackup(stage.context(), volume, backupPoint(number));
  try {
    return await use(device);
  } finally {
    await device.close();
  }
}

async function readBackup(stage: Stage, volume: Volume, number: number): Promise<Buffer> {
  return withBackup(stage, volume, number, (device) => device.read(0, device.sizeBytes));
}

async function forget(stage: Stage, volume: Volume, number: number): Promise<void> {
  await stage.driver.forgetBackup(stage.context(), volume, backupPoint(number).id);
}

async function standsStill(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const before = await stage.leftovers();
  const data = patternBytes(1, stage.size);
  await stage.write(volume, 0, data);
  await withBackup(stage, volume, 1, async (device) => {
    assert.equal(device.mode, 'read-only', 'the mode of the device of a backup');
    assert.equal(device.sizeBytes, stage.size, 'the size of the device of a backup');
    await stage.write(volume, 0, patternBytes(2, stage.size));
    assertBytes(await device.read(0, stage.size), data, 'a backup whose volume is written to');
  });
  const larger = await stage.extend(volume, 2 * stage.size);
  await stage.restart();
  assertBytes(await readBackup(stage, larger, 1), data, 'a backup that is opened again');
  await forget(stage, larger, 1);
  await forget(stage, larger, 1);
  assert.deepEqual(await stage.leftovers(), before, 'what is on the storage after a backup was forgotten');
}

/** Puts what changed into a copy of the earlier backup, as an incremental restore does. */
async function patched(device: BlockDevice, since: BackupPoint, earlier: Buffer): Promise<Buffer> {
  const result = Buffer.alloc(device.sizeBytes);
  earlier.copy(result);
  for (const { offset, length } of await collect(device.changedExtents(since.id))) {
    (await device.read(offset, length)).copy(result, offset);
  }
  return result;
}

async function incremental(stage: Stage): Promise<void> {
  let volume = await stage.volume();
  const moments: Buffer[] = [];
  for (const number of [1, 2, 3, 4]) {
    await stage.write(volume, (stage.size / 4) * (number - 1) + 100, patternBytes(number, stage.size / 8));
    if (number === 3) volume = await stage.extend(volume, 2 * stage.size);
    await withBackup(stage, volume, number, async (device) => {
      const now = await device.read(0, device.sizeBytes);
      for (const [index, earlier] of moments.entries()) {
        const since = backupPoint(index + 1);
        assertBytes(await patched(device, since, earlier), now, `backup ${String(number)} since ${since.id}`);
      }
      moments.push(now);
    });
    const data = await stage.read(volume);
    assertBytes(moments.at(-1) ?? Buffer.alloc(0), data, `backup ${String(number)} in full`);
  }
  await forget(stage, volume, 2);
  await withBackup(stage, volume, 4, async (device) => {
    const first = moments[0] ?? Buffer.alloc(0);
    const last = moments[3] ?? Buffer.alloc(0);
    assertBytes(
      await patched(device, backupPoint(1), first),
      last,
      'a backup after one between was forgotten',
    );
    await assertRefused('changes since a backup that was forgotten', 'snapshot-not-found', () =>
      collect(device.changedExtents(backupPoint(2).id)),
    );
  });
}

async function besideSnapshots(stage: Stage): Promise<void> {
  const before = await stage.leftovers();
  const volume = await stage.volume();
  const data = patternBytes(1, stage.size);
  await stage.write(volume, 0, data);
  const snapshot = await stage.snapshot(volume);
  await stage.write(volume, 0, patternBytes(2, stage.size));
  await readBackup(stage, volume, 1);
  await stage.deleteSnapshot(snapshot);
  assertBytes(await readBackup(stage, volume, 1), patternBytes(2, stage.size), 'a backup');
  await readBackup(stage, volume, 2);
  await stage.deleteVolume(volume);
  await forget(stage, volume, 2);
  assert.deepEqual(await stage.leftovers(), before, 'what is on the storage after volume and backups went');
}

async function missing(stage: Stage): Promise<void> {
  const never = { ...makeVolume({ sizeBytes: stage.size }), status: 'available' } as const;
  await assertRefused('backing up a volume that never was', 'volume-not-found', () =>
    readBackup(stage, never, 1),
  );
  await forget(stage, never, 1);
}

export const backupCases = [
  stageCase('openBackup: stands still, and is the same when opened again; forgotten twice', standsStill, [
    'backup',
  ]),
  stageCase('openBackup: changed extents lead from any earlier backup to this one', incremental, ['backup']),
  stageCase('openBackup: no snapshot waits for a backup; they go with their volume', besideSnapshots, [
    'backup',
  ]),
  stageCase('openBackup: a missing volume is volume-not-found', missing, ['backup']),
];
