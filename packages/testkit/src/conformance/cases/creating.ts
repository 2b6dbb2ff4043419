import { SECTOR_BYTES } from '@scoria/core';
import assert from 'node:assert/strict';
import { makeVolume } from '../../builders.js';
import { withDevice } from '../../device-access.js';
import { patternBytes } from '../../pattern-bytes.js';
import { stageCase } from '../case.js';
import { assertBytes, assertRefused } from '../checks.js';
import type { Stage } from '../stage.js';

async function newVolumesAreZeroes(stage: Stage): Promise<void> {
  const old = await stage.volume();
  await stage.write(old, 0, patternBytes(1, stage.size));
  await stage.deleteVolume(old);
  const volume = await stage.volume();
  assertBytes(await stage.read(volume), Buffer.alloc(stage.size), 'a new volume where another was');
}

async function sizesAreExact(stage: Stage): Promise<void> {
  const sizeBytes = stage.size + SECTOR_BYTES;
  const volume = await stage.volume({ sizeBytes });
  await withDevice(stage.driver, stage.context(), volume, 'read-only', async (device) => {
    assert.equal(
      device.sizeBytes,
      sizeBytes,
      'the size of the device of a volume with an odd number of sectors',
    );
    return Promise.resolve();
  });
}

async function takenNamesAreRefused(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const data = patternBytes(2, stage.size);
  await stage.write(volume, 0, data);
  const again = makeVolume({ id: volume.id, sizeBytes: stage.size });
  await assertRefused('creating a volume whose id is taken', 'already-exists', () =>
    stage.driver.createVolume(stage.context(), again),
  );
  assertBytes(await stage.read(volume), data, 'the volume that was there');
}

async function deletesAreIdempotent(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  await stage.deleteVolume(volume);
  await stage.deleteVolume(volume);
  await stage.deleteVolume({ ...makeVolume({ sizeBytes: stage.size }), status: 'error' });
}

async function deletedVolumesAreGone(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  await stage.deleteVolume(volume);
  await assertRefused('opening a deleted volume', 'volume-not-found', () => stage.read(volume));
  const again = await stage.volume({ id: volume.id });
  assertBytes(await stage.read(again), Buffer.alloc(stage.size), 'a new volume of the same id');
}

async function hostileNamesAreText(stage: Stage): Promise<void> {
  const before = await stage.leftovers();
  const name = '../../-rf "$(touch x)" \u0000\n%s';
  const volume = await stage.volume({ name });
  const snapshot = await stage.snapshot(volume, { name });
  await stage.deleteSnapshot(snapshot);
  await stage.deleteVolume(volume);
  assert.deepEqual(await stage.leftovers(), before, 'what is on the storage');
}

export const creatingCases = [
  stageCase('createVolume: reads as zeroes, also where a deleted volume was', newVolumesAreZeroes),
  stageCase('createVolume: the size is exact to the sector', sizesAreExact),
  stageCase('createVolume: an id that is taken is already-exists', takenNamesAreRefused),
  stageCase('deleteVolume: twice, and of what never was, is a success', deletesAreIdempotent),
  stageCase('deleteVolume: what is deleted is gone, and its id is free', deletedVolumesAreGone),
  stageCase('createVolume: any text is a name', hostileNamesAreText),
];
