import type { ManageableSnapshot, Snapshot } from '@scoria/core';
import { applyUpdate } from '@scoria/core';
import assert from 'node:assert/strict';
import { makeSnapshot } from '../../builders.js';
import { collect } from '../../device-access.js';
import { patternBytes } from '../../pattern-bytes.js';
import { stageCase } from '../case.js';
import { assertBytes, assertRefused } from '../checks.js';
import type { Stage } from '../stage.js';

/** The one entry of the list that is of a snapshot. */
export async function manageableEntry(
  stage: Stage,
  { volume }: Snapshot,
  known: readonly Snapshot[] = [],
): Promise<ManageableSnapshot> {
  const found = await collect(stage.driver.listManageableSnapshots(stage.context(), [volume], known));
  const [entry, ...others] = found.filter(({ volumeId }) => volumeId === volume.id);
  assert.ok(
    entry !== undefined && others.length === 0,
    `listManageableSnapshots must list the one snapshot of the volume, but found are ${JSON.stringify(found)}`,
  );
  return entry;
}

/** A snapshot with data that the driver was told to forget. */
async function letGo(stage: Stage): Promise<{ snapshot: Snapshot; data: Buffer; entry: ManageableSnapshot }> {
  const volume = await stage.volume();
  const data = patternBytes(1, stage.size);
  await stage.write(volume, 0, data);
  const snapshot = await stage.snapshot(volume);
  await stage.write(volume, 0, patternBytes(2, stage.size));
  await stage.driver.unmanageSnapshot(stage.context(), snapshot);
  await stage.driver.unmanageSnapshot(stage.context(), snapshot);
  return { snapshot, data, entry: await manageableEntry(stage, snapshot) };
}

async function manage(
  stage: Stage,
  snapshot: Snapshot,
  { reference }: Pick<ManageableSnapshot, 'reference'>,
): Promise<Snapshot> {
  const update = await stage.driver.manageExistingSnapshot(stage.context(), snapshot, reference);
  return applyUpdate(snapshot, update);
}

async function takesOver(stage: Stage): Promise<void> {
  const { snapshot, data, entry } = await letGo(stage);
  const { volume } = snapshot;
  const { reference } = entry;
  const size = await stage.driver.manageExistingSnapshotSize(stage.context(), volume, reference);
  assert.equal(size, stage.size, 'manageExistingSnapshotSize');
  const taken = makeSnapshot(volume, { sizeBytes: size });
  const managed = await manage(stage, taken, entry);
  assertBytes(await stage.read(managed), data, 'a snapshot that was taken over');
  const again = await manage(stage, taken, entry);
  assertBytes(await stage.read(again), data, 'a snapshot that was taken over twice');
  const made = await stage.volumeOf(again);
  assertBytes(await stage.read(made), data, 'a volume of a snapshot that was taken over');
  await stage.deleteVolume(made);
  await stage.deleteSnapshot(again);
  await stage.deleteVolume(volume);
  assert.deepEqual(await stage.leftovers(), [], 'what is on the storage after all was deleted');
}

async function lists(stage: Stage): Promise<void> {
  const { snapshot, entry } = await letGo(stage);
  const { volume } = snapshot;
  assert.equal(
    entry.sizeBytes ?? stage.size,
    stage.size,
    'the size of what can be taken over, if it is told',
  );
  assert.deepEqual([entry.safeToManage, entry.reason], [true, ''], 'whether it is safe, and why not');
  const { driver } = stage;
  const known = await collect(driver.listManageableSnapshots(stage.context(), [volume], [snapshot]));
  assert.deepEqual(known, [], 'manageable besides a snapshot that is known');
  const others = await collect(driver.listManageableSnapshots(stage.context(), [], []));
  for (const { safeToManage, reason, volumeId } of others) {
    assert.equal(safeToManage, false, 'a snapshot of a volume that is not managed cannot be taken over');
    assert.ok(reason !== '' && volumeId === undefined, 'and it is said why');
  }
}

async function takenIds(stage: Stage): Promise<void> {
  const { snapshot, data, entry } = await letGo(stage);
  const { volume } = snapshot;
  const other = await stage.snapshot(volume);
  await assertRefused('taking over under an id that is taken', 'already-exists', () =>
    manage(stage, makeSnapshot(volume, { id: other.id, sizeBytes: stage.size }), entry),
  );
  const managed = await manage(stage, makeSnapshot(volume, { sizeBytes: stage.size }), entry);
  assertBytes(await stage.read(managed), data, 'a snapshot that was taken over at the second try');
}

async function wrongReferences(stage: Stage): Promise<void> {
  const { snapshot, entry } = await letGo(stage);
  const { volume } = snapshot;
  await stage.deleteSnapshot(snapshot);
  const taken = makeSnapshot(volume, { sizeBytes: stage.size });
  const table = [
    [{}, 'invalid-input'],
    [{ 'no-such-key': 'x' }, 'invalid-input'],
    [entry.reference, 'snapshot-not-found'],
  ] as const;
  for (const [reference, code] of table) {
    const what = `the reference ${JSON.stringify(reference)}`;
    await assertRefused(what, code, () =>
      stage.driver.manageExistingSnapshotSize(stage.context(), volume, reference),
    );
    await assertRefused(what, code, () => manage(stage, taken, { reference }));
  }
  await stage.deleteVolume(volume);
  await assertRefused('the snapshot of a volume that is gone', 'volume-not-found', () =>
    manage(stage, taken, entry),
  );
}

export const managingSnapshotsCases = [
  stageCase('manageExistingSnapshot: takes over what unmanageSnapshot let go; twice is fine', takesOver, [
    'manageSnapshots',
  ]),
  stageCase('manageExistingSnapshot: an id that is taken is already-exists', takenIds, ['manageSnapshots']),
  stageCase('manageExistingSnapshot: wrong references are refused', wrongReferences, ['manageSnapshots']),
  stageCase('listManageableSnapshots: what is not known, and nothing else', lists, ['manageSnapshots']),
];
