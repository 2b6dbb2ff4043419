import type { ManageableEntry, ManageReference, Volume } from '@scoria/core';
import { applyUpdate } from '@scoria/core';
import assert from 'node:assert/strict';
import { makeVolume } from '../../builders.js';
import { collect } from '../../device-access.js';
import { patternBytes } from '../../pattern-bytes.js';
import { stageCase } from '../case.js';
import { assertBytes, assertRefused } from '../checks.js';
import type { Stage } from '../stage.js';

/** What can be taken over, besides the volumes of `known`. */
async function manageable(stage: Stage, known: readonly Volume[]): Promise<ManageableEntry[]> {
  return collect(stage.driver.listManageable(stage.context(), known));
}

/** How an operator would name an unmanaged volume: as the harness says, or as the listing does. */
export async function referenceOf(
  stage: Stage,
  volume: Volume,
  known: readonly Volume[] = [],
): Promise<ManageReference> {
  if (stage.storage.referenceOf !== undefined) return stage.storage.referenceOf(volume);
  const [entry, ...others] = await manageable(stage, known);
  assert.ok(entry !== undefined && others.length === 0, 'listManageable must list the one volume let go of');
  return entry.reference;
}

/** A volume with data that the driver was told to forget. */
async function letGo(stage: Stage): Promise<{ volume: Volume; data: Buffer; reference: ManageReference }> {
  const volume = await stage.volume();
  const data = patternBytes(1, stage.size);
  await stage.write(volume, 0, data);
  await stage.driver.unmanage(stage.context(), volume);
  await stage.driver.unmanage(stage.context(), volume);
  return { volume, data, reference: await referenceOf(stage, volume) };
}

async function manage(stage: Stage, volume: Volume, reference: ManageReference): Promise<Volume> {
  const update = await stage.driver.manageExisting(stage.context(), volume, reference);
  return { ...applyUpdate(volume, update), status: 'available' };
}

async function takesOver(stage: Stage): Promise<void> {
  const { data, reference } = await letGo(stage);
  const size = await stage.driver.manageExistingSize(stage.context(), reference);
  assert.equal(size, stage.size, 'manageExistingSize');
  const volume = makeVolume({ sizeBytes: size, status: 'managing' });
  const managed = await manage(stage, volume, reference);
  assertBytes(await stage.read(managed), data, 'a volume that was taken over');
  const again = await manage(stage, volume, reference);
  assertBytes(await stage.read(again), data, 'a volume that was taken over twice');
  const snapshot = await stage.snapshot(managed);
  await stage.deleteSnapshot(snapshot);
  await stage.deleteVolume(managed);
  assert.deepEqual(await stage.leftovers(), [], 'what is on the storage after all was deleted');
}

async function lists(stage: Stage): Promise<void> {
  const known = await stage.volume();
  assert.deepEqual(await manageable(stage, [known]), [], 'manageable besides a volume that is known');
  const other = await stage.volume();
  await stage.driver.unmanage(stage.context(), other);
  const found = await manageable(stage, [known]);
  assert.equal(found.length, 1, `one volume can be taken over, but found are ${JSON.stringify(found)}`);
  const [entry] = found;
  assert.ok(entry !== undefined);
  assert.equal(
    entry.sizeBytes ?? stage.size,
    stage.size,
    'the size of what can be taken over, if it is told',
  );
  assert.deepEqual([entry.safeToManage, entry.reason], [true, ''], 'whether it is safe, and why not');
}

async function takenIds(stage: Stage): Promise<void> {
  const { data, reference } = await letGo(stage);
  const other = await stage.volume();
  await assertRefused('taking over under an id that is taken', 'already-exists', () =>
    manage(stage, makeVolume({ id: other.id, sizeBytes: stage.size, status: 'managing' }), reference),
  );
  assertBytes(await stage.read(other), Buffer.alloc(stage.size), 'the volume that has the id');
  const managed = await manage(stage, makeVolume({ sizeBytes: stage.size, status: 'managing' }), reference);
  assertBytes(await stage.read(managed), data, 'a volume that was taken over at the second try');
}

async function wrongReferences(stage: Stage): Promise<void> {
  const { volume, reference } = await letGo(stage);
  await stage.deleteVolume(volume);
  const managing = makeVolume({ status: 'managing' });
  const table = [
    [{}, 'invalid-input'],
    [{ 'no-such-key': 'x' }, 'invalid-input'],
    [reference, 'volume-not-found'],
  ] as const;
  for (const [wrong, code] of table) {
    const what = `the reference ${JSON.stringify(wrong)}`;
    await assertRefused(what, code, () => stage.driver.manageExistingSize(stage.context(), wrong));
    await assertRefused(what, code, () => manage(stage, managing, wrong));
  }
  for (const [key, value] of Object.entries(reference)) {
    const hostile = { ...reference, [key]: `../../../../../etc/${value}` };
    await assertRefused(
      `the reference ${JSON.stringify(hostile)}`,
      ['invalid-input', 'volume-not-found', 'unsafe-image'],
      () => stage.driver.manageExistingSize(stage.context(), hostile),
    );
  }
}

async function adopts(stage: Stage): Promise<void> {
  const data = patternBytes(1, stage.size);
  const volume = await stage.volume();
  await stage.write(volume, 0, data);
  const snapshot = await stage.snapshot(volume);
  await stage.write(volume, 0, patternBytes(2, stage.size));
  await stage.restart();
  const found = await collect(stage.driver.findAdoptable(stage.context()));
  const ours = found.find(({ id }) => id === volume.id);
  assert.ok(ours, `findAdoptable must find the volume ${volume.id} that this driver wrote`);
  assert.deepEqual(ours.problems, [], 'what keeps it from being adopted');
  assert.equal(ours.sizeBytes, stage.size, 'its size');
  assert.deepEqual(
    ours.snapshots.map(({ id }) => id),
    [snapshot.id],
    'its snapshots',
  );
  await stage.driver.adopt(stage.context(), ours);
  const update = await stage.driver.adopt(stage.context(), ours);
  // All that is known of it is what was found: there is no record of it here.
  const { id, sizeBytes, providerLocation, providerMetadata } = ours;
  const bare = makeVolume({ id, sizeBytes, providerLocation, providerMetadata, status: 'available' });
  const adopted = applyUpdate(bare, update);
  assertBytes(await stage.read(adopted), patternBytes(2, stage.size), 'an adopted volume');
  const kept = { ...snapshot, ...ours.snapshots[0], volume: adopted };
  assertBytes(await stage.read(kept), data, 'a snapshot of an adopted volume');
  await stage.deleteSnapshot(kept);
  await stage.deleteVolume(adopted);
  assert.deepEqual(await stage.leftovers(), [], 'what is on the storage after all was deleted');
}

async function adoptsNothingGone(stage: Stage): Promise<void> {
  const volume = await stage.volume();
  const found = await collect(stage.driver.findAdoptable(stage.context()));
  await stage.deleteVolume(volume);
  for (const one of found) {
    await assertRefused('adopting what is gone', 'volume-not-found', () =>
      stage.driver.adopt(stage.context(), one),
    );
  }
}

export const managingCases = [
  stageCase('manageExisting: takes over what unmanage let go, with its data; twice is fine', takesOver, [
    'manage',
  ]),
  stageCase('manageExisting: an id that is taken is already-exists', takenIds, ['manage']),
  stageCase('manageExisting: wrong and hostile references are refused', wrongReferences, ['manage']),
  stageCase('listManageable: what is not known, and nothing else', lists, ['manage']),
  stageCase('adopt: finds what was written, with snapshots, and takes it over', adopts, ['adopt']),
  stageCase('adopt: what is gone is volume-not-found', adoptsNothingGone, ['adopt']),
];
