import type { ImageSource, Snapshot, Volume, VolumeType } from '@scoria/core';
import { isDriverError, MIB } from '@scoria/core';
import { makeSnapshot, makeVolume, openAndRead, openAndWrite, patternBytes } from '@scoria/testkit';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ExtrasWorld } from './extras-world.js';
import { copyAsImage, IMAGES_POOL, TYPES } from './images.js';
import { snapshotsOfOthers } from './snapshots-of-others.js';

/** What types, images and backups come to in a pool. */
export interface ExtrasCase {
  readonly name: string;
  readonly run: (world: ExtrasWorld) => Promise<void>;
}

const SIZE = 4 * MIB;
const [LIMITED, BARE, SHARED] = TYPES as readonly [VolumeType, VolumeType, VolumeType];
const PLAIN: VolumeType = { name: 'plain', extraSpecs: {}, qosSpecs: {} };
const EXCLUSIVE = ['exclusive-lock', 'object-map', 'fast-diff', 'journaling'];

interface Found {
  readonly features: readonly string[];
  /** Without what the driver or others keep there. */
  readonly qos: Readonly<Record<string, string>>;
  readonly keys: readonly string[];
}

async function lookAt({ pool }: ExtrasWorld, { id }: Volume): Promise<Found> {
  await using image = await pool.openImage(`volume-${id}`, { readOnly: true });
  const metadata = [...(await image.metadata())];
  const qos = metadata.filter(([key]) => key.startsWith('conf_rbd_qos_'));
  const { features } = await image.info();
  // `operations` is Ceph's own business.
  const ours = features.filter((name) => name !== 'operations').sort();
  return { features: ours, qos: Object.fromEntries(qos), keys: metadata.map(([key]) => key) };
}

async function names({ pool }: ExtrasWorld): Promise<string[]> {
  const found: string[] = [];
  for (const { name } of await pool.images()) {
    await using image = await pool.openImage(name, { readOnly: true });
    found.push(name, ...(await image.snapshots()).map((snapshot) => `${name}@${snapshot.name}`));
  }
  return found.sort();
}

async function create({ driver, context }: ExtrasWorld, type?: VolumeType): Promise<Volume> {
  const volume = makeVolume({ sizeBytes: SIZE, ...(type === undefined ? {} : { type }) });
  await driver.createVolume(context(), volume);
  return { ...volume, status: 'available' };
}

async function clone({ driver, context }: ExtrasWorld, source: Volume, type?: VolumeType): Promise<Volume> {
  const volume = makeVolume({ sizeBytes: SIZE, ...(type === undefined ? {} : { type }) });
  await driver.createClonedVolume(context(), volume, source);
  return { ...volume, status: 'available' };
}

async function retype(
  { driver, context }: ExtrasWorld,
  volume: Volume,
  to: VolumeType | undefined,
  status: Volume['status'] = 'retyping',
): Promise<void> {
  await driver.retypeVolume(context(), { ...volume, status }, to);
}

async function remove({ driver, context }: ExtrasWorld, ...volumes: readonly Volume[]): Promise<void> {
  for (const volume of volumes) await driver.deleteVolume(context(), volume);
}

async function refused(code: string, call: Promise<unknown>): Promise<void> {
  const error = await call.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  assert.ok(isDriverError(error), `expected ${code}, found ${String(error)}`);
  assert.equal(error.code, code, error.message);
}

const LIMITS = {
  conf_rbd_qos_iops_limit: '500000',
  conf_rbd_qos_schedule_tick_min: '50',
  conf_rbd_qos_write_bps_limit: String(1024 * MIB),
};

async function limits(world: ExtrasWorld): Promise<void> {
  const volume = await create(world, LIMITED);
  assert.deepEqual((await lookAt(world, volume)).qos, LIMITS, 'the limits of a new volume');
  await openAndWrite(world.driver, world.context(), volume, 0, patternBytes(1, SIZE));
  const snapshot: Snapshot = makeSnapshot(volume);
  await world.driver.createSnapshot(world.context(), snapshot);
  const kept = await clone(world, volume);
  const free = await clone(world, volume, PLAIN);
  const other = makeVolume({ sizeBytes: SIZE, type: BARE });
  await world.driver.createVolumeFromSnapshot(world.context(), other, snapshot);
  assert.deepEqual((await lookAt(world, volume)).qos, LIMITS, 'the limits of a volume with data');
  assert.deepEqual((await lookAt(world, kept)).qos, LIMITS, 'the limits of a clone without a type');
  assert.deepEqual((await lookAt(world, free)).qos, {}, 'the limits of a clone with a type that has none');
  const bare = await lookAt(world, other);
  assert.deepEqual(bare.qos, { conf_rbd_qos_read_iops_limit: '400000' }, 'the limits of another type');
  assert.deepEqual(bare.features, ['layering'], 'the features of another type');
  await remove(world, kept, free, { ...other, status: 'available' });
  await world.driver.deleteSnapshot(world.context(), snapshot);
  await remove(world, volume);
}

async function limitsUnderAGuest(world: ExtrasWorld): Promise<void> {
  const volume = await create(world, PLAIN);
  const before = await lookAt(world, volume);
  await using guest = await world.pool.openImage(`volume-${volume.id}`);
  await guest.write(0, patternBytes(1, 4096));
  await retype(world, volume, LIMITED, 'in-use');
  assert.deepEqual((await lookAt(world, volume)).qos, LIMITS, 'limits under a guest');
  await refused('volume-busy', retype(world, volume, SHARED, 'in-use'));
  await refused('volume-busy', retype(world, volume, BARE, 'in-use'));
  const after = await lookAt(world, volume);
  assert.deepEqual(
    [after.qos, after.features],
    [LIMITS, before.features],
    'what was refused changed nothing',
  );
  await retype(world, volume, undefined, 'in-use');
  assert.deepEqual(await lookAt(world, volume), before, 'without a type');
  await guest.write(4096, patternBytes(2, 4096));
  await guest.close();
  await remove(world, volume);
}

async function featuresComeBack(world: ExtrasWorld): Promise<void> {
  const volume = await create(world);
  const before = await lookAt(world, volume);
  for (const type of [SHARED, BARE, SHARED, undefined, BARE, undefined]) {
    await retype(world, volume, type);
    const { features, keys } = await lookAt(world, volume);
    const what = `the features as ${type?.name ?? 'none'}`;
    if (type === undefined) assert.deepEqual([features, keys], [before.features, before.keys], what);
    else
      assert.deepEqual(
        features,
        before.features.filter((name) => !EXCLUSIVE.includes(name)),
        what,
      );
  }
  const full = { 'rbd:features': 'layering,exclusive-lock,object-map,fast-diff,journaling' };
  await retype(world, volume, { ...PLAIN, extraSpecs: full });
  const { features } = await lookAt(world, volume);
  assert.deepEqual(
    features.filter((name) => EXCLUSIVE.includes(name)),
    [...EXCLUSIVE].sort(),
  );
  await retype(world, volume, undefined);
  assert.deepEqual(await lookAt(world, volume), before, 'a volume without a type again');
  await remove(world, volume);
}

async function impossible(world: ExtrasWorld): Promise<void> {
  const volume = await create(world, BARE);
  const before = await lookAt(world, volume);
  const deep = {
    ...PLAIN,
    extraSpecs: { 'rbd:features': 'layering,deep-flatten' },
    qosSpecs: LIMITED.qosSpecs,
  };
  await refused('not-supported', retype(world, volume, deep));
  const odd = { ...PLAIN, qosSpecs: { total_iops_sec: 'many' } };
  await refused('invalid-input', retype(world, volume, odd));
  assert.deepEqual(await lookAt(world, volume), before, 'what was refused changed nothing');
  await remove(world, volume);
  const count = (await names(world)).length;
  await refused('invalid-input', create(world, odd));
  await refused('invalid-input', create(world, { ...PLAIN, extraSpecs: { 'rbd:features': 'journaling' } }));
  assert.equal((await names(world)).length, count, 'what was refused made nothing');
}

async function twoGuests(world: ExtrasWorld): Promise<void> {
  const volume = await create(world, SHARED);
  const { features } = await lookAt(world, volume);
  assert.deepEqual(
    features.filter((name) => EXCLUSIVE.includes(name)),
    [],
    'the features of a shared volume',
  );
  await using first = await world.pool.openImage(`volume-${volume.id}`);
  await using second = await world.pool.openImage(`volume-${volume.id}`);
  for (const number of [0, 1, 2, 3]) {
    const writer = number % 2 === 0 ? first : second;
    await writer.write(number * 4096, patternBytes(number, 4096));
    await writer.flush();
  }
  for (const reader of [first, second]) {
    const expected = Buffer.concat([0, 1, 2, 3].map((number) => patternBytes(number, 4096)));
    assert.ok((await reader.read(0, expected.length)).equals(expected), 'what two guests wrote in turn');
  }
  await first.close();
  await second.close();
  const single = await clone(world, volume, PLAIN);
  const shared = await clone(world, volume);
  const fresh = await create(world);
  assert.deepEqual((await lookAt(world, single)).features, (await lookAt(world, fresh)).features);
  assert.deepEqual(
    (await lookAt(world, shared)).features,
    features,
    'a clone without a type is as its source',
  );
  await remove(world, single, shared, fresh, volume);
}

async function imageOfData(world: ExtrasWorld, data: Buffer): Promise<ImageSource> {
  const volume = await create(world);
  await openAndWrite(world.driver, world.context(), volume, 0, data);
  const snapshot = makeSnapshot(volume);
  await world.driver.createSnapshot(world.context(), snapshot);
  const image = await copyAsImage(world.cluster, world.pool.name, snapshot);
  await world.driver.deleteSnapshot(world.context(), snapshot);
  await remove(world, volume);
  return image;
}

async function images(world: ExtrasWorld): Promise<void> {
  const data = patternBytes(3, SIZE);
  const image = await imageOfData(world, data);
  const [, location = ''] = image.locations;
  const quoted = location.replace('/snap', '/%73nap');
  const elsewhere = location.replace(world.cluster.fsid, randomUUID());
  const before = await names(world);
  const made = makeVolume({ sizeBytes: 2 * SIZE, type: LIMITED });
  const attempt = (locations: readonly string[]): Promise<unknown> =>
    world.driver.cloneImage(world.context(), made, { ...image, locations });
  for (const wrong of [elsewhere, `${location}x`, location.replace(IMAGES_POOL, 'none'), `${location}/%ff`]) {
    assert.equal(await attempt([wrong]), undefined, `an image at ${wrong}`);
  }
  assert.deepEqual(await names(world), before, 'what is in the pool after images that cannot be cloned');
  const update = await attempt(['file:///x', elsewhere, quoted]);
  assert.notEqual(update, undefined, 'an image whose last location is right is cloned');
  const volume: Volume = { ...made, status: 'available' };
  const expected = Buffer.concat([data, Buffer.alloc(SIZE)]);
  const found = await openAndRead(world.driver, world.context(), volume);
  assert.ok(found.equals(expected), 'the data of a volume of an image');
  assert.deepEqual((await lookAt(world, volume)).qos, LIMITS, 'the limits of a volume of an image');
  await using image0 = await world.pool.openImage(`volume-${volume.id}`, { readOnly: true });
  const parent = await image0.parent();
  assert.deepEqual([parent?.pool, parent?.image], [IMAGES_POOL, image.id], 'it is a clone');
  await image0.close();
  await remove(world, volume);
  assert.deepEqual(await names(world), before, 'what is in the pool after the volume went');
}

const BACKUP = { id: 'ba0c4b00-0000-4000-8000-000000000001', createdAt: '2026-01-01T00:00:00.120Z' };

async function cinderBackups(world: ExtrasWorld): Promise<void> {
  const volume = await create(world);
  const name = `volume-${volume.id}`;
  const theirs = { id: 'ba0c4b00-0000-4000-8000-000000000002', createdAt: '2026-01-01T00:00:00Z' };
  await using image = await world.pool.openImage(name);
  await image.write(0, patternBytes(1, 4096));
  await image.createSnapshot(`backup.${theirs.id}.snap.1700000000.12`);
  await image.write(0, patternBytes(2, 4096));
  await image.close();
  await (await world.driver.openBackup(world.context(), volume, BACKUP)).close();
  assert.deepEqual(
    (await names(world)).filter((each) => each.startsWith(`${name}@`)),
    [`${name}@backup.${BACKUP.id}.snap.1767225600.12`, `${name}@backup.${theirs.id}.snap.1700000000.12`],
    'the names of backups are those of Cinder',
  );
  await using device = await world.driver.openBackup(world.context(), volume, theirs);
  assert.ok((await device.read(0, 4096)).equals(patternBytes(1, 4096)), "the moment of Cinder's backup");
  await refused('cancelled', forgetSoon(world, volume, theirs.id));
  await device.close();
  await world.driver.forgetBackup(world.context(), volume, theirs.id);
  assert.equal((await names(world)).filter((each) => each.startsWith(`${name}@`)).length, 1);
  await remove(world, volume);
}

/** Waits only a moment for whoever has it open. */
async function forgetSoon({ driver, context }: ExtrasWorld, volume: Volume, id: string): Promise<void> {
  await driver.forgetBackup(context(AbortSignal.timeout(100)), volume, id);
}

/** What a backup keeps of a volume's parent goes with the backup, where the volume itself needs it no more. */
async function backupsOfClones(world: ExtrasWorld): Promise<void> {
  const before = await names(world);
  const source = await create(world);
  await openAndWrite(world.driver, world.context(), source, 0, patternBytes(1, SIZE));
  const copy = await clone(world, source);
  await (await world.driver.openBackup(world.context(), copy, BACKUP)).close();
  await using image = await world.pool.openImage(`volume-${copy.id}`);
  await image.flatten();
  await image.close();
  await remove(world, source);
  await using device = await world.driver.openBackup(world.context(), copy, BACKUP);
  assert.ok((await device.read(0, SIZE)).equals(patternBytes(1, SIZE)), 'the backup of a flattened clone');
  await device.close();
  await world.driver.forgetBackup(world.context(), copy, BACKUP.id);
  assert.deepEqual(
    await names(world),
    [...before, `volume-${copy.id}`].sort(),
    'what is in the pool after the backup was forgotten',
  );
  await remove(world, copy);
}

export const EXTRAS: readonly ExtrasCase[] = [
  { name: 'limits are set at creation, kept by clones, and those of the type', run: limits },
  { name: 'limits change under a guest, features do not', run: limitsUnderAGuest },
  { name: 'features come and go with types, and come back', run: featuresComeBack },
  { name: 'what cannot be is refused, and changes nothing', run: impossible },
  { name: 'snapshots of others are taken over, also while a guest writes', run: snapshotsOfOthers },
  { name: 'two guests write to a volume that is shared', run: twoGuests },
  { name: 'an image in the cluster is cloned, and no other', run: images },
  { name: "backups are Cinder's, by their names", run: cinderBackups },
  { name: 'a backup lets go of what its clone needs no more', run: backupsOfClones },
];
