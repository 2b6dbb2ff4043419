import { patternBytes } from '../../pattern-bytes.js';
import { makeVolume } from '../../builders.js';
import { stageCase } from '../case.js';
import { assertBytes, assertRefused } from '../checks.js';
import type { Stage } from '../stage.js';

async function newPartIsZeroes(stage: Stage): Promise<void> {
  const data = patternBytes(1, stage.size);
  const volume = await stage.volume();
  await stage.write(volume, 0, data);
  const larger = await stage.extend(volume, 2 * stage.size);
  const expected = Buffer.concat([data, Buffer.alloc(stage.size)]);
  assertBytes(await stage.read(larger), expected, 'an extended volume');
  const tail = patternBytes(2, 512);
  await stage.write(larger, expected.length - tail.length, tail);
  tail.copy(expected, expected.length - tail.length);
  assertBytes(await stage.read(larger), expected, 'an extended volume that was written to its end');
}

async function sameSizeIsFine(stage: Stage): Promise<void> {
  const data = patternBytes(1, stage.size);
  const volume = await stage.volume();
  await stage.write(volume, 0, data);
  await stage.extend(volume, stage.size);
  await stage.extend(volume, 2 * stage.size);
  // As after a crash between the driver's work and the caller's record of it.
  const larger = await stage.extend(volume, 2 * stage.size);
  assertBytes(await stage.read(larger), Buffer.concat([data, Buffer.alloc(stage.size)]), 'extended twice');
}

async function neverShrinks(stage: Stage): Promise<void> {
  const volume = await stage.volume({ sizeBytes: 2 * stage.size });
  await assertRefused('shrinking a volume', 'invalid-input', () => stage.extend(volume, stage.size));
  const data = patternBytes(3, 2 * stage.size);
  await stage.write(volume, 0, data);
  // The caller's record may be older than the volume: the driver must look for itself.
  const outdated = { ...volume, sizeBytes: stage.size / 2 };
  await stage.extend(outdated, stage.size).catch(() => undefined);
  assertBytes(await stage.read(volume), data, 'a volume after a call that would have shrunk it');
}

async function snapshotsKeepTheirSize(stage: Stage): Promise<void> {
  const data = patternBytes(1, stage.size);
  const volume = await stage.volume();
  await stage.write(volume, 0, data);
  const snapshot = await stage.snapshot(volume);
  const larger = await stage.extend(volume, 2 * stage.size);
  assertBytes(
    await stage.read({ ...snapshot, volume: larger }),
    data,
    'a snapshot of a volume that has grown',
  );
  const expected = Buffer.concat([data, Buffer.alloc(stage.size)]);
  assertBytes(await stage.read(larger), expected, 'a volume with a snapshot, extended');
  await stage.deleteSnapshot({ ...snapshot, volume: larger });
  assertBytes(await stage.read(larger), expected, 'an extended volume whose snapshot was deleted');
}

async function missingVolume(stage: Stage): Promise<void> {
  const volume = { ...makeVolume({ sizeBytes: stage.size }), status: 'available' as const };
  await assertRefused('extending a volume that never was', 'volume-not-found', () =>
    stage.extend(volume, 2 * stage.size),
  );
}

export const extendingCases = [
  stageCase('extendVolume: the data stays and the new part is zeroes', newPartIsZeroes),
  stageCase('extendVolume: to the size it has is a success', sameSizeIsFine),
  stageCase('extendVolume: never shrinks', neverShrinks),
  stageCase('extendVolume: snapshots keep size and data', snapshotsKeepTheirSize),
  stageCase('extendVolume: a missing volume is volume-not-found', missingVolume),
];
