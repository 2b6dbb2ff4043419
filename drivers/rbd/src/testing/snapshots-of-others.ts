import type { ManageableSnapshot, Volume } from '@scoria/core';
import { isDriverError, MIB } from '@scoria/core';
import { makeSnapshot, makeVolume, openAndRead, patternBytes } from '@scoria/testkit';
import assert from 'node:assert/strict';
import type { ExtrasWorld } from './extras-world.js';

const SIZE = 4 * MIB;

/** An image and snapshots that another program has made become a volume and its snapshots. */
export async function snapshotsOfOthers(world: ExtrasWorld): Promise<void> {
  const { driver, context, pool } = world;
  await pool.createImage('theirs', { sizeBytes: 3 * MIB + 1000 });
  await using image = await pool.openImage('theirs');
  await image.write(0, patternBytes(1, MIB));
  await image.createSnapshot('monday');
  await image.createSnapshot('backup.b.snap.1');
  await image.close();
  const before = await snapshotList(world, []);
  assert.deepEqual(
    before.map(({ safeToManage, reason, reference }) => [reference['source-name'], safeToManage, reason]),
    ['backup.b.snap.1', 'monday'].map((name) => [
      name,
      false,
      'theirs is not managed; manage that as a volume first',
    ]),
  );
  const volume: Volume = { ...makeVolume({ sizeBytes: SIZE }), status: 'available' };
  await driver.manageExisting(context(), { ...volume, status: 'managing' }, { 'source-name': 'theirs' });
  const [backup, monday] = await snapshotList(world, [volume]);
  assert.deepEqual(backup?.reason, 'it is kept for backups, and goes with the volume');
  assert.deepEqual([monday?.safeToManage, monday?.volumeId], [true, volume.id]);
  assert.equal(monday?.sizeBytes, 3 * MIB + 1024, 'its size, rounded up');
  await refused('volume-busy', driver.deleteVolume(context(), volume));
  const snapshot = makeSnapshot(volume, { sizeBytes: 3 * MIB + 1024 });
  await refused(
    'invalid-input',
    driver.manageExistingSnapshot(context(), snapshot, { 'source-name': 'backup.b.snap.1' }),
  );
  const reference = { 'source-name': `${pool.name}/volume-${volume.id}@monday` };
  await using guest = await pool.openImage(`volume-${volume.id}`);
  await guest.write(0, patternBytes(2, MIB));
  const inUse = { ...snapshot, volume: { ...volume, status: 'in-use' as const } };
  await driver.manageExistingSnapshot(context(), inUse, reference);
  await guest.close();
  const copy = makeVolume({ sizeBytes: SIZE });
  await driver.createVolumeFromSnapshot(context(), copy, snapshot);
  const read = await openAndRead(driver, context(), { ...copy, status: 'available' });
  assert.ok(read.subarray(0, MIB).equals(patternBytes(1, MIB)), 'the data of a snapshot of others');
  await driver.deleteVolume(context(), { ...copy, status: 'available' });
  await driver.deleteSnapshot(context(), snapshot);
  await driver.deleteVolume(context(), volume);
}

async function snapshotList(
  { driver, context }: ExtrasWorld,
  volumes: readonly Volume[],
): Promise<ManageableSnapshot[]> {
  const found: ManageableSnapshot[] = [];
  for await (const entry of driver.listManageableSnapshots(context(), volumes, [])) found.push(entry);
  return found.sort((one, other) =>
    (one.reference['source-name'] ?? '').localeCompare(other.reference['source-name'] ?? ''),
  );
}

async function refused(code: string, call: Promise<unknown>): Promise<void> {
  await assert.rejects(call, (error) => isDriverError(error) && error.code === code);
}
