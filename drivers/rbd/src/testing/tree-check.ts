import type { RbdPool } from '@scoria/librbd';
import assert from 'node:assert/strict';
import { isCloneSnapshot, isDeletedImage, snapshotName, volumeImage } from '../names.js';
import { JOURNAL_OBJECT } from '../journal/journal.js';

/** What the records say there is: the ids of snapshots by those of their volumes. */
export type Records = ReadonlyMap<string, readonly string[]>;

/** What is in a pool that has nothing to do with the driver. */
export interface Foreign {
  readonly images: readonly string[];
  readonly trash: readonly string[];
}

/**
 * Asserts that a pool holds what the records say and what that depends on, and nothing else: deleted images and the
 * snapshots of clones only as long as there are images that need them.
 */
export async function assertPoolFits(pool: RbdPool, records: Records, foreign: Foreign): Promise<void> {
  const images = await pool.images();
  const found = new Set(images.map(({ name }) => name));
  for (const id of records.keys()) assert.ok(found.has(volumeImage(id)), `${volumeImage(id)} is missing`);
  for (const { name } of images) {
    if (!foreign.images.includes(name)) await assertImageFits(pool, name, records);
  }
  for (const name of foreign.images) assert.ok(found.has(name), `${name}, which is none of ours, is missing`);
  const trash = (await pool.trash()).map(({ name }) => name).sort();
  assert.deepEqual(trash, [...foreign.trash].sort(), 'what is in the trash');
  const journal = [...(await pool.keys(JOURNAL_OBJECT)).keys()];
  assert.deepEqual(journal, [], 'what is in the journal');
}

async function assertImageFits(pool: RbdPool, name: string, records: Records): Promise<void> {
  const id = [...records.keys()].find((each) => volumeImage(each) === name);
  await using image = await pool.openImage(name, { readOnly: true });
  const snapshots = await image.snapshots();
  const expected = id === undefined ? [] : (records.get(id) ?? []).map(snapshotName);
  let needed = 0;
  for (const snapshot of snapshots) {
    if (snapshot.namespace === 'user' && expected.includes(snapshot.name)) continue;
    const isKept = snapshot.namespace === 'trash' || isCloneSnapshot(snapshot.name);
    assert.ok(isKept, `${name}@${snapshot.name} is there, and no record has it`);
    const children = await image.children(snapshot.id);
    assert.ok(children.length > 0, `${name}@${snapshot.name} is there, and nothing depends on it`);
    needed += 1;
  }
  const names = snapshots.map((snapshot) => snapshot.name);
  for (const snapshot of expected) assert.ok(names.includes(snapshot), `${name}@${snapshot} is missing`);
  if (id !== undefined) return;
  assert.ok(isDeletedImage(name), `${name} is there, and no record has it`);
  assert.ok(needed > 0, `${name} is there, and nothing depends on it`);
}
