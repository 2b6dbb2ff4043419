import { makeVolume } from '@scoria/testkit';
import { NativeRbdClient, type RbdCluster, type RbdPool } from '@scoria/librbd';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CephCluster } from '../support/ceph-cluster.js';
import { RbdBackend } from './rbd-backend.js';

const client = new NativeRbdClient();
const MIB = 2 ** 20;
const TIMES = ['create_timestamp', 'access_timestamp', 'modify_timestamp'];

let ceph: CephCluster;
let cluster: RbdCluster;
let pool: RbdPool;
let abroad: RbdPool;
beforeAll(async () => {
  ceph = await CephCluster.start({ pools: ['rbd', 'abroad'] });
  cluster = await client.connect({ confFile: ceph.confFile, timeoutMs: 20_000 });
  pool = await cluster.openPool('rbd');
  abroad = await cluster.openPool('abroad');
  // A pool's first image is librbd's: it looks whether the pool can be used.
  for (const each of [pool, abroad]) await each.createImage('first', { sizeBytes: MIB });
});
afterAll(async () => {
  await cluster.close();
  await ceph[Symbol.asyncDispose]();
});

interface Records {
  readonly header: readonly (readonly string[])[];
  readonly [other: string]: unknown;
}

/** Everything that an image is in its pool, but for data, and for times; its id is called ID. */
async function recordsOf(from: RbdPool, name: string): Promise<Records> {
  const head = await from.head(name);
  const id = head?.id ?? '';
  const shown = (text: Buffer): string =>
    text.toString('latin1').replaceAll(id, 'ID').replaceAll(name, 'NAME');
  const header = [...(await from.keys(`rbd_header.${id}`))].filter(([key]) => !TIMES.includes(key));
  const directory = [...(await from.keys('rbd_directory'))].filter(
    ([key]) => key === `name_${name}` || key === `id_${id}`,
  );
  const objects = await ceph.tool('rados', '--pool', from.name, 'ls');
  return {
    length: id.length,
    header: header.map(([key, value]) => [key, shown(value)]),
    directory: directory.map(([key, value]) => [shown(Buffer.from(key)), shown(value)]),
    objects: objects
      .split('\n')
      .map((object) => shown(Buffer.from(object)))
      .filter((object) => /ID|NAME/.test(object))
      .sort(),
    isLocked: head?.isLocked,
    map: shown(await bytesOf(from, `rbd_object_map.${id}`)),
    id: shown(await bytesOf(from, `rbd_id.${name}`)),
  };
}

/** Empty for none. */
async function bytesOf({ name: from }: RbdPool, object: string): Promise<Buffer> {
  const file = path.join(ceph.directory, 'object');
  const listed = await ceph.tool('rados', '--pool', from, 'ls');
  if (!listed.split('\n').includes(object)) return Buffer.alloc(0);
  await ceph.tool('rados', '--pool', from, 'get', object, file);
  return readFile(file);
}

/** The random part of an id may be a digit shorter: made again until it is not. */
async function sameLength(
  from: RbdPool,
  [ours, theirs]: readonly [string, string],
  make: (name: string) => Promise<unknown>,
): Promise<void> {
  for (;;) {
    const [one, other] = await Promise.all([from.head(ours), from.head(theirs)]);
    if (one?.id.length === other?.id.length) return;
    await from.removeImage(theirs);
    await make(theirs);
  }
}

it.each([
  ['of the default layout', {}, []],
  ['with layering only', { features: ['layering'] }, ['--image-feature', 'layering']],
  ['with small objects', { order: 16 }, ['--object-size', '64K']],
  [
    'without fast-diff',
    { features: ['layering', 'exclusive-lock'] },
    ['--image-feature', 'layering,exclusive-lock'],
  ],
])('an image %s is, record for record, as rbd makes it', async (title, options, flags) => {
  const [ours, theirs] = [`ours ${title}`, `mine ${title}`] as const;
  await pool.createImage(ours, { sizeBytes: 10 * MIB, ...options });
  const make = async (name: string): Promise<unknown> =>
    ceph.tool('rbd', 'create', `rbd/${name}`, '--size', '10M', ...flags);
  await make(theirs);
  await sameLength(pool, [ours, theirs], make);
  const made = await recordsOf(pool, ours);
  expect(made).toEqual(await recordsOf(pool, theirs));
  expect(made.header.map(([key]) => key)).toEqual(
    expect.arrayContaining(['features', 'object_prefix', 'size']),
  );
});

it.each([
  ['in its parent’s pool', 'rbd'],
  ['in another pool', 'abroad'],
])('a clone %s is, record for record, as rbd makes it, and so is its parent', async (_, poolName) => {
  const from = poolName === 'rbd' ? pool : abroad;
  const [ours, theirs] = [`ours-${poolName}`, `mine-${poolName}`];
  const parents: string[] = [];
  for (const child of [ours, theirs]) {
    const parent = `parent-of-${child}`;
    parents.push(parent);
    await pool.createImage(parent, { sizeBytes: 10 * MIB });
    await using image = await pool.openImage(parent);
    await image.write(0, Buffer.from('data'));
    await image.setMetadata('conf_rbd_qos_iops_limit', '100');
    await image.createSnapshot('snap');
  }
  const [ourParent, theirParent] = parents as [string, string];
  await from.cloneImage(ours, { parentPool: 'rbd', parentImage: ourParent, parentSnapshot: 'snap' });
  const make = async (name: string): Promise<unknown> =>
    ceph.tool('rbd', 'clone', `rbd/${theirParent}@snap`, `${poolName}/${name}`);
  await make(theirs);
  await sameLength(from, [ours, theirs], make);
  expect(await withoutParent(from, ours)).toEqual(await withoutParent(from, theirs));
  expect(await childrenSeen(ourParent)).toEqual([`${poolName}/${ours}`]);
  await using image = await from.openImage(ours);
  expect((await image.read(0, 4)).toString()).toBe('data');
});

it.each([
  ['a data pool is', { rbd_default_data_pool: 'abroad' }],
  ['stripes are', { rbd_default_stripe_unit: '65536', rbd_default_stripe_count: '16' }],
  ['small objects are', { rbd_default_order: '16' }],
  ['layering only is', { rbd_default_features: 'layering' }],
])(
  'where %s configured, images and clones are, record for record, as rbd makes them',
  async (title, given) => {
    await using configured = await client.connect({
      confFile: ceph.confFile,
      timeoutMs: 20_000,
      settings: given,
    });
    const own = await configured.openPool('rbd');
    const flags = Object.entries(given).flatMap(([name, value]) => [`--${name.replaceAll('_', '-')}`, value]);
    const [ours, theirs] = [`ours, ${title}`, `mine, ${title}`] as const;
    await own.createImage(ours, { sizeBytes: 10 * MIB });
    const make = async (name: string): Promise<unknown> =>
      ceph.tool('rbd', 'create', `rbd/${name}`, '--size', '10M', ...flags);
    await make(theirs);
    await sameLength(pool, [ours, theirs], make);
    expect(await recordsOf(pool, ours)).toEqual(await recordsOf(pool, theirs));

    const [ourClone, theirClone] = [`clone-${ours}`, `clone-${theirs}`] as const;
    for (const clone of [ourClone, theirClone]) {
      await pool.createImage(`parent-of-${clone}`, { sizeBytes: 10 * MIB });
      await pool.createSnapshot(`parent-of-${clone}`, 'snap');
    }
    await own.cloneImage(ourClone, { parentImage: `parent-of-${ourClone}`, parentSnapshot: 'snap' });
    const makeClone = async (name: string): Promise<unknown> =>
      ceph.tool('rbd', 'clone', `rbd/parent-of-${theirClone}@snap`, `rbd/${name}`, ...flags);
    await makeClone(theirClone);
    await sameLength(pool, [ourClone, theirClone], makeClone);
    expect(await withoutParent(pool, ourClone)).toEqual(await withoutParent(pool, theirClone));
  },
);

/** Parents differ in their ids, which are in the record of the parent. */
async function withoutParent(from: RbdPool, name: string): Promise<object> {
  const records = JSON.stringify(await recordsOf(from, name));
  const { imageId, snapshotId, image } = (await from.head(name))?.parent ?? {};
  const at = Buffer.of(snapshotId ?? 0).toString('latin1');
  expect(image).toBe(`parent-of-${name}`);
  return JSON.parse(
    records
      .replaceAll(imageId ?? '', 'PARENT')
      .replace(`PARENT${JSON.stringify(at).slice(1, -1)}`, 'PARENT@'),
  ) as object;
}

async function childrenSeen(parent: string): Promise<string[]> {
  const listed = await ceph.tool('rbd', 'children', `rbd/${parent}@snap`, '--format', 'json');
  return (JSON.parse(listed) as { pool: string; image: string }[]).map(
    (child) => `${child.pool}/${child.image}`,
  );
}

it('an image that grew is, record for record, as rbd resizes it', async () => {
  const make = async (name: string): Promise<unknown> => pool.createImage(name, { sizeBytes: 10 * MIB });
  await make('enlarge');
  await make('resized');
  await sameLength(pool, ['enlarge', 'resized'], make);
  await pool.growImage('enlarge', 1001 * MIB);
  await ceph.tool('rbd', 'resize', 'rbd/resized', '--size', '1001M', '--no-progress');
  const grown = await recordsOf(pool, 'enlarge');
  expect(grown).toEqual(await recordsOf(pool, 'resized'));
  expect(grown).toMatchObject({ isLocked: false });
});

it.each([
  ['', MIB],
  [' within an object', MIB / 256],
])(
  'an image that many let grow%s at once is as large as the largest of them wants it, and its object map with it',
  async (where, unit) => {
    await using stranger = await client.connect({ confFile: ceph.confFile, timeoutMs: 20_000 });
    const elsewhere = await stranger.openPool('rbd');
    for (let round = 0; round < 5; round += 1) {
      const name = `wanted${where}-${String(round)}`;
      await pool.createImage(name, { sizeBytes: 10 * unit });
      const sizes = [100, 300, 30, 500, 200, 50].map((size) => size * unit);
      const grown = sizes.map(async (size, index) =>
        (index % 2 === 0 ? pool : elsewhere).growImage(name, size),
      );
      // Who comes late with less is refused.
      const refused = (await Promise.allSettled(grown)).filter(({ status }) => status === 'rejected');
      for (const { reason } of refused as PromiseRejectedResult[])
        expect(reason).toMatchObject({ code: 'invalid' });
      expect((await pool.head(name))?.sizeBytes).toBe(500 * unit);
      await ceph.tool('rbd', 'object-map', 'check', `rbd/${name}`, '--no-progress');
      const { flags } = JSON.parse(await ceph.tool('rbd', 'info', `rbd/${name}`, '--format', 'json')) as {
        flags: string[];
      };
      expect(flags).toEqual([]);
    }
  },
);

it('an image is in the trash as rbd has it there, and comes out of it', async () => {
  const make = async (name: string): Promise<unknown> => pool.createImage(name, { sizeBytes: 10 * MIB });
  await make('moved');
  await make('theirs');
  await sameLength(pool, ['moved', 'theirs'], make);
  const ids = await Promise.all(['moved', 'theirs'].map(async (name) => (await pool.head(name))?.id ?? ''));
  await pool.moveToTrash('moved', 3600);
  await ceph
    .tool('rbd', 'trash', 'mv', 'rbd/theirs', '--expires-at', 'now + 3600 seconds')
    .catch(async () =>
      ceph.tool(
        'rbd',
        'trash',
        'mv',
        'rbd/theirs',
        '--expires-at',
        new Date(Date.now() + 3_600_000).toISOString(),
      ),
    );
  const [ours, theirs] = await Promise.all(ids.map(trashRecord));
  expect(ours?.length).toBe((theirs?.length ?? 0) - 1);
  expect(withoutTimes(ours!, 'moved')).toEqual(withoutTimes(theirs!, 'theirs'));
  const listed = JSON.parse(await ceph.tool('rbd', 'trash', 'ls', 'rbd', '--format', 'json')) as {
    name: string;
  }[];
  expect(listed.map(({ name }) => name).sort()).toEqual(['moved', 'theirs']);
  await expect(pool.removeFromTrash(ids[0]!)).rejects.toMatchObject({ code: 'not-expired' });
  await ceph.tool('rbd', 'trash', 'restore', '--pool', 'rbd', ids[0]!);
  await ceph.tool('rbd', 'rm', 'rbd/moved', '--no-progress');
});

async function trashRecord(id: string): Promise<Buffer> {
  const record = (await pool.keys('rbd_trash')).get(`id_${id}`);
  if (record === undefined) throw new Error(`${id} is not in the trash`);
  return record;
}

/** A version twice, a length, who did it, the name, two times, and how far it is. */
function withoutTimes(record: Buffer, name: string): object {
  const end = 11 + name.length;
  return {
    version: record.subarray(0, 2),
    by: record[6],
    name: record.toString('utf8', 11, end) === name,
    state: record.subarray(end + 16),
  };
}

describe('what librbd has to make is begun by nobody else', () => {
  const listed = async (): Promise<string[]> => (await pool.images()).map(({ name }) => name).sort();

  it('where the pool says how its images are to be', async () => {
    await pool.createImage('usual', { sizeBytes: MIB });
    const before = await listed();
    await ceph.tool('rbd', 'config', 'pool', 'set', 'rbd', 'rbd_default_order', '23');
    try {
      await pool.createImage('as the pool says', { sizeBytes: 10 * MIB });
    } finally {
      await ceph.tool('rbd', 'config', 'pool', 'rm', 'rbd', 'rbd_default_order');
    }
    await pool.createImage('usual again', { sizeBytes: 10 * MIB });
    expect((await pool.head('as the pool says'))?.order).toBe(23);
    expect((await pool.head('usual again'))?.order).toBe(22);
    const made = ['as the pool says', 'usual again'];
    expect(await listed()).toEqual([...before, ...made].sort());
    for (const name of ['usual', ...made]) await pool.removeImage(name);
  });

  it('where an image of the oldest format has the name', async () => {
    await pool.createImage('usual', { sizeBytes: MIB });
    const before = await listed();
    const header = path.join(ceph.directory, 'header');
    await writeFile(header, '<<< Rados Block Device Image >>>');
    await ceph.tool('rados', '--pool', 'rbd', 'put', 'old.rbd', header);
    await expect(pool.createImage('old', { sizeBytes: MIB })).rejects.toMatchObject({ code: 'exists' });
    expect(await listed()).toEqual(before);
    expect(await ceph.tool('rados', '--pool', 'rbd', 'listomapkeys', 'rbd_directory')).not.toContain(
      'name_old',
    );
    await ceph.tool('rados', '--pool', 'rbd', 'rm', 'old.rbd');
    await pool.removeImage('usual');
  });
});

/** What is there of an image once so many of its records are made, in the order they are made in. */
it.each([
  ['its name in the directory', 1],
  ['its id', 2],
  ['its header', 3],
])('an image of which there is no more than %s can be removed, and made again', async (_, count) => {
  const name = `cut off ${String(count)}`;
  await pool.createImage(name, { sizeBytes: 10 * MIB });
  const id = (await pool.head(name))?.id ?? '';
  const made = [`rbd_id.${name}`, `rbd_header.${id}`, `rbd_object_map.${id}`];
  for (const object of made.slice(count - 1)) await ceph.tool('rados', '--pool', 'rbd', 'rm', object);
  await pool.removeImage(name).catch((error: unknown) => {
    expect(error).toMatchObject({ code: 'not-found' });
  });
  expect((await pool.images()).map((image) => image.name)).not.toContain(name);
  expect(await ceph.tool('rados', '--pool', 'rbd', 'ls')).not.toContain(id);
  await pool.createImage(name, { sizeBytes: MIB });
});

it.each([
  ['is still where it was', ['id', 'directory']],
  ['is in the directory only', ['directory']],
  ['is nowhere else', []],
])(
  'an image whose move to the trash was cut off, and which %s, is moved by the next one',
  async (_, places) => {
    const name = `moving ${String(places.length)}`;
    await pool.createImage(name, { sizeBytes: 10 * MIB });
    const id = (await pool.head(name))?.id ?? '';
    await pool.moveToTrash(name, 0);
    const record = Buffer.from(await trashRecord(id));
    if (places.length > 0) await pool.restoreFromTrash(id, name);
    record[record.length - 1] = 1; // is being moved
    await pool.setKeys('rbd_trash', new Map([[`id_${id}`, record]]));
    if (!places.includes('id')) {
      await ceph.tool('rados', '--pool', 'rbd', 'rm', `rbd_id.${name}`).catch(() => undefined);
    }
    await expect(pool.removeFromTrash(id)).rejects.toMatchObject({ code: 'busy' });
    await pool.moveToTrash(name, 0);
    await pool.removeFromTrash(id);
    expect(await ceph.tool('rados', '--pool', 'rbd', 'ls')).not.toContain(id);
    expect((await pool.images()).map((image) => image.name)).not.toContain(name);
  },
);

it.each([
  ['before its id', []],
  ['before the directory', ['id']],
  ['before the trash', ['id', 'directory']],
])('an image whose return from the trash was cut off %s is put back', async (_, places) => {
  const name = `returning ${String(places.length)}`;
  const id = await returning(name, places);
  await expect(pool.removeFromTrash(id)).rejects.toMatchObject({ code: 'busy' });
  expect(await pool.endRestore(id)).toBe(true);
  expect(await placesOf(id)).toEqual([[name], false]);
  await pool.removeImage(name);
  expect(await ceph.tool('rados', '--pool', 'rbd', 'ls')).not.toContain(id);
});

it('a driver that starts puts such an image back, which it was about to remove', async () => {
  const id = await returning('to go', ['id']);
  const entry = { version: 1, owner: 'another host', intent: { kind: 'purge', id, name: 'to go' } };
  await pool.setKeys('scoria_journal', new Map([[`trash:${id}`, Buffer.from(JSON.stringify(entry))]]));
  await using _backend = await RbdBackend.start({ confFile: ceph.confFile });
  expect(await placesOf(id)).toEqual([['to go'], false]);
  expect((await pool.keys('scoria_journal')).has(`trash:${id}`)).toBe(false);
  await pool.removeImage('to go');
});

/** By which names it is there, and whether it is in the trash. */
async function placesOf(id: string): Promise<[string[], boolean]> {
  const named = (await pool.images()).filter((image) => image.id === id).map(({ name }) => name);
  return [named, (await pool.trash()).some((entry) => entry.id === id)];
}

/** An image that somebody was about to put back. @param places where it is besides the trash @returns its id */
async function returning(name: string, places: readonly string[]): Promise<string> {
  await pool.createImage(name, { sizeBytes: 10 * MIB });
  const id = (await pool.head(name))?.id ?? '';
  await pool.moveToTrash(name, 0);
  expect(await pool.endRestore(id)).toBe(false);
  const record = Buffer.from(await trashRecord(id));
  record[record.length - 1] = 3; // is being restored
  if (places.includes('id')) {
    const [file, idBytes] = [path.join(ceph.directory, 'id'), Buffer.alloc(4)];
    idBytes.writeUInt32LE(id.length);
    await writeFile(file, Buffer.concat([idBytes, Buffer.from(id)]));
    await ceph.tool('rados', '--pool', 'rbd', 'put', `rbd_id.${name}`, file);
  }
  if (places.includes('directory')) {
    await pool.restoreFromTrash(id, name);
  }
  await pool.setKeys('rbd_trash', new Map([[`id_${id}`, record]]));
  return id;
}

describe('a renaming that was cut off', () => {
  /** Where librbd can be killed, and whether the old name is in the directory then. */
  const PLACES: [place: string, isListedBefore: boolean][] = [
    ['before the directory', true],
    ['before the old name’s id', false],
  ];
  /** What the object of a name holds. */
  const readId = async (name: string): Promise<Buffer> => {
    const id = Buffer.from((await pool.head(name))?.id ?? '');
    const length = Buffer.alloc(4);
    length.writeUInt32LE(id.length);
    return Buffer.concat([length, id]);
  };
  const renamed = async (from: string, to: string): Promise<Buffer> => {
    await pool.createImage(from, { sizeBytes: 10 * MIB });
    await pool.renameImage(from, to);
    return readId(to);
  };
  const putId = async (name: string, id: Buffer): Promise<void> => {
    const file = path.join(ceph.directory, 'id');
    await writeFile(file, id);
    await ceph.tool('rados', '--pool', 'rbd', 'put', `rbd_id.${name}`, file);
  };
  const names = async (): Promise<string[]> => (await pool.images()).map(({ name }) => name);
  const idObjects = async (): Promise<string> => ceph.tool('rados', '--pool', 'rbd', 'ls');

  it.each(PLACES)('%s, is ended by the next', async (_, isListedBefore) => {
    const [from, to] = [`old ${String(isListedBefore)}`, `new ${String(isListedBefore)}`];
    const id = await renamed(from, to);
    if (isListedBefore) await pool.renameImage(to, from);
    await putId(isListedBefore ? to : from, id);
    expect((await pool.head(from))?.id).toBe((await pool.head(to))?.id);
    await pool.renameImage(from, to);
    expect(await names()).toEqual(expect.arrayContaining([to]));
    expect(await names()).not.toContain(from);
    expect(await idObjects()).not.toContain(`rbd_id.${from}`);
    expect((await pool.head(to))?.sizeBytes).toBe(10 * MIB);
    await pool.removeImage(to);
  });

  it('is ended by the driver that takes an image over, or deletes a volume with clones, once more', async () => {
    await using backend = await RbdBackend.start({ confFile: ceph.confFile });
    const { driver } = backend;
    const volume = makeVolume({ sizeBytes: 10 * MIB, status: 'managing' });
    const name = `volume-${volume.id}`;
    await putId('theirs', await renamed('theirs', name));
    await driver.manageExisting(backend.context(), volume, { 'source-name': 'theirs' });
    expect(await idObjects()).not.toContain('rbd_id.theirs');

    const managed = { ...volume, status: 'available' } as const;
    const clone = await backend.clone(managed);
    const deleted = `${name}.deleted`;
    await pool.renameImage(name, deleted);
    const id = await readId(deleted);
    await pool.renameImage(deleted, name);
    await putId(deleted, id);
    await backend.deleteVolume(managed);
    expect(await names()).toEqual(expect.arrayContaining([deleted]));
    expect(await idObjects()).not.toMatch(new RegExp(`rbd_id.${name}$`, 'm'));
    await backend.deleteVolume(clone);
    expect(await idObjects()).not.toContain(volume.id);
  });

  it.each(PLACES)(
    '%s, leaves nothing of a volume whose clones are gone when it is deleted again',
    async (_, isListedBefore) => {
      await using backend = await RbdBackend.start({ confFile: ceph.confFile });
      const base = await backend.createVolume(10 * MIB);
      const volume = await backend.clone(base);
      const name = `volume-${volume.id}`;
      const id = await readId(name);
      if (!isListedBefore) await pool.renameImage(name, `${name}.deleted`);
      await putId(isListedBefore ? `${name}.deleted` : name, id);
      await backend.deleteVolume(volume);
      expect(await idObjects()).not.toContain(volume.id);
      expect((await pool.head(`volume-${base.id}`))?.snapshots).toEqual([]);
      await backend.deleteVolume(base);
      expect(await idObjects()).not.toContain(base.id);
    },
  );

  it('is none where there are two images, or only one name', async () => {
    await pool.createImage('one', { sizeBytes: MIB });
    await pool.createImage('two', { sizeBytes: MIB });
    await expect(pool.renameImage('one', 'two')).rejects.toMatchObject({ code: 'exists' });
    await expect(pool.renameImage('one', 'one')).rejects.toMatchObject({ code: 'exists' });
    expect(await names()).toEqual(expect.arrayContaining(['one', 'two']));
  });
});
