import { makeSnapshot } from '../../builders.js';
import { patternBytes } from '../../pattern-bytes.js';
import { stageCase } from '../case.js';
import { assertBytes, assertHeldBy, assertRefused } from '../checks.js';
import type { Stage } from '../stage.js';

async function goesBack(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const oldest = await stage.snapshot(volume);
  const data = patternBytes(1, stage.size);
  await stage.write(volume, 0, data);
  const snapshot = await stage.snapshot(volume);
  for (const seed of [2, 3]) {
    await stage.write(volume, 0, patternBytes(seed, stage.size));
    await stage.revert({ ...volume, status: 'reverting' }, snapshot);
    assertBytes(await stage.read(volume), data, 'a volume that was put back');
    assertBytes(await stage.read(snapshot), data, 'the snapshot it was put back to');
  }
  await stage.revert(volume, snapshot);
  assertBytes(await stage.read(oldest), Buffer.alloc(stage.size), 'an older snapshot');
  await stage.deleteSnapshot(snapshot);
  assertBytes(await stage.read(volume), data, 'a volume that was put back, without the snapshot');
}

async function keepsItsSize(stage: Stage): Promise<void> {
  const data = patternBytes(1, stage.size);
  const volume = await stage.volume();
  await stage.write(volume, 0, data);
  const snapshot = await stage.snapshot(volume);
  const larger = await stage.extend(volume, 2 * stage.size);
  await stage.write(larger, 0, patternBytes(2, 2 * stage.size));
  const reverted = await stage.revert(larger, { ...snapshot, volume: larger });
  const expected = Buffer.concat([data, Buffer.alloc(stage.size)]);
  assertBytes(await stage.read(reverted), expected, 'a volume that was extended and then put back');
}

async function newestOnly(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const oldest = await stage.snapshot(volume);
  const newer = [await stage.snapshot(volume), await stage.snapshot(volume)];
  const data = patternBytes(1, stage.size);
  await stage.write(volume, 0, data);
  const error = await assertRefused('going back past newer snapshots', 'snapshot-busy', () =>
    stage.revert(volume, oldest),
  );
  for (const { id } of newer) assertHeldBy(error, id);
  assertBytes(await stage.read(volume), data, 'a volume after a revert that was refused');
}

async function missingSnapshot(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  await assertRefused('going back to a snapshot that never was', 'snapshot-not-found', () =>
    stage.revert(volume, makeSnapshot(volume)),
  );
}

export const revertingCases = [
  stageCase('revertToSnapshot: the data is that of the snapshot, which stays; twice is fine', goesBack, [
    'revert',
  ]),
  stageCase('revertToSnapshot: a volume that has grown keeps its size', keepsItsSize, ['revert']),
  stageCase('revertToSnapshot: newer snapshots are snapshot-busy, and named', newestOnly, ['revert']),
  stageCase('revertToSnapshot: a missing one is snapshot-not-found', missingSnapshot, ['revert']),
];
