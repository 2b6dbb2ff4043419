import type { Snapshot, Volume } from '@scoria/core';
import { makeSnapshot, makeVolume } from '../../builders.js';
import { patternBytes } from '../../pattern-bytes.js';
import { stageCase } from '../case.js';
import { assertBytes, assertHeldBy, assertRefused } from '../checks.js';
import type { Stage } from '../stage.js';

interface Moment {
  readonly snapshot: Snapshot;
  readonly data: Buffer;
}

/** A volume that was written to, partly over what was there, before and after each of `count` snapshots. */
async function history(
  stage: Stage,
  count: number,
): Promise<{ volume: Volume; data: Buffer; moments: Moment[] }> {
  const volume = await stage.volume();
  const data = Buffer.alloc(stage.size);
  const moments: Moment[] = [];
  for (let index = 0; index <= count; index += 1) {
    const piece = patternBytes(index, stage.size / 4);
    const offset = (stage.size / 8) * (index % 6);
    await stage.write(volume, offset, piece);
    piece.copy(data, offset);
    if (index < count) moments.push({ snapshot: await stage.snapshot(volume), data: Buffer.from(data) });
  }
  return { volume, data, moments };
}

async function assertMoments(stage: Stage, moments: readonly Moment[], when: string): Promise<void> {
  for (const { snapshot, data } of moments) {
    assertBytes(await stage.read(snapshot), data, `snapshot ${snapshot.id} ${when}`);
  }
}

async function snapshotsKeepTheirMoment(stage: Stage): Promise<void> {
  const { volume, data, moments } = await history(stage, 3);
  await assertMoments(stage, moments, 'of three');
  assertBytes(await stage.read(volume), data, 'a volume with three snapshots');
}

/** Deletes three snapshots in one order and looks at all that is left after each. */
async function deleteInOrder(stage: Stage, order: readonly number[]): Promise<void> {
  const { volume, data, moments } = await history(stage, order.length);
  let left = moments;
  for (const index of order) {
    const moment = moments[index];
    if (moment === undefined) continue;
    await stage.deleteSnapshot(moment.snapshot);
    left = left.filter((other) => other !== moment);
    const when = `after the delete of number ${String(index + 1)} in the order ${order.join()}`;
    await assertMoments(stage, left, when);
    assertBytes(await stage.read(volume), data, `the volume ${when}`);
    await assertRefused('opening a deleted snapshot', 'snapshot-not-found', () =>
      stage.read(moment.snapshot),
    );
  }
  await stage.deleteVolume(volume);
}

async function deletesInAnyOrder(stage: Stage): Promise<void> {
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ];
  for (const order of orders) await deleteInOrder(stage, order);
}

async function takenIds(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const data = patternBytes(1, stage.size);
  await stage.write(volume, 0, data);
  const snapshot = await stage.snapshot(volume);
  await stage.write(volume, 0, patternBytes(2, stage.size));
  await assertRefused('taking a snapshot whose id is taken', 'already-exists', () =>
    stage.snapshot(volume, { id: snapshot.id }),
  );
  assertBytes(await stage.read(snapshot), data, 'the snapshot that was there');
}

async function idempotentDeletes(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const snapshot = await stage.snapshot(volume);
  await stage.deleteSnapshot(snapshot);
  await stage.deleteSnapshot(snapshot);
  await stage.deleteSnapshot(makeSnapshot(volume));
  await stage.deleteVolume(volume);
  await stage.deleteSnapshot(snapshot);
}

async function volumesAreHeld(stage: Stage): Promise<void> {
  const { volume, data, moments } = await history(stage, 2);
  const error = await assertRefused('deleting a volume with snapshots', 'volume-busy', () =>
    stage.deleteVolume(volume),
  );
  for (const { snapshot } of moments) assertHeldBy(error, snapshot.id);
  await assertMoments(stage, moments, 'after a delete that was refused');
  assertBytes(await stage.read(volume), data, 'the volume after a delete that was refused');
}

async function missingVolume(stage: Stage): Promise<void> {
  const volume = { ...makeVolume({ sizeBytes: stage.size }), status: 'available' as const };
  await assertRefused('taking a snapshot of a volume that never was', 'volume-not-found', () =>
    stage.snapshot(volume),
  );
}

export const snapshotCases = [
  stageCase('createSnapshot: keeps the data of its moment', snapshotsKeepTheirMoment),
  stageCase('createSnapshot: an id that is taken is already-exists', takenIds),
  stageCase('createSnapshot: a missing volume is volume-not-found', missingVolume),
  stageCase('deleteSnapshot: in any order, all others read as before', deletesInAnyOrder),
  stageCase('deleteSnapshot: twice, and of what never was, is a success', idempotentDeletes),
  stageCase('deleteVolume: snapshots hold it, and the error names them', volumesAreHeld),
];
