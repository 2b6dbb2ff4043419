import { NativeRbdClient, type RbdCluster, type RbdImage, type RbdPool } from '@scoria/librbd';
import { IntrudedRbdClient } from '@scoria/librbd/testing';
import { type ChildProcess, fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { programOf } from '../commands/run-program.js';
import { CephCluster } from '../support/ceph-cluster.js';
import { someOf } from '../support/some-of.js';

const ORDER = 16;
const OBJECT = 2 ** ORDER;
const SIZE = 16 * OBJECT;
const BLOCK = 4096;
/** Where the id is in the record of a snapshot: after two versions and a length. */
const [ID_AT, ID_END] = [6, 14];

let ceph: CephCluster;
let cluster: RbdCluster;
let pool: RbdPool;
let stranger: RbdCluster;
/** The same pool, for those who come between. */
let strangers: RbdPool;
let another: ChildProcess;
beforeAll(async () => {
  ceph = await CephCluster.start();
  cluster = await new NativeRbdClient().connect({ confFile: ceph.confFile, timeoutMs: 20_000 });
  pool = await cluster.openPool('rbd');
  stranger = await new NativeRbdClient().connect({ confFile: ceph.confFile, timeoutMs: 20_000 });
  strangers = await stranger.openPool('rbd');
  another = fork(programOf('test/dist/rbd/contention/taking-process.js'), [ceph.confFile, 'theirs']);
});
afterAll(async () => {
  another.disconnect();
  await stranger.close();
  await cluster.close();
  await ceph[Symbol.asyncDispose]();
});

async function rbd(...args: string[]): Promise<string> {
  return ceph.tool('rbd', ...args);
}

async function write(name: string, object: number, text: string): Promise<void> {
  await using image = await pool.openImage(name);
  await image.write(object * OBJECT, Buffer.from(text));
}

/** What is wrong with an object map, and was noticed. */
async function flagsOf(spec: string): Promise<string[]> {
  const info = JSON.parse(await rbd('info', `rbd/${spec}`, '--format', 'json')) as { flags: string[] };
  return info.flags;
}

/** The record of a snapshot without its id, and when it was taken: some seconds ago. */
function withoutTime(record: Buffer): Buffer {
  const now = Date.now() / 1000;
  const isTime = (_: number, at: number): boolean =>
    at + 8 <= record.length && Math.abs(record.readUInt32LE(at) - now) < 600;
  const at = record.findIndex(isTime);
  expect(at).toBeGreaterThan(ID_END);
  return Buffer.from(record)
    .fill(0, ID_AT, ID_END)
    .fill(0, at, at + 8);
}

/** What the header has, as rbd and as its keys tell it; without what is different every time. */
async function headerOf(name: string): Promise<object> {
  const listed = JSON.parse(await rbd('snap', 'ls', `rbd/${name}`, '--all', '--format', 'json')) as object[];
  const keys = await pool.keys(`rbd_header.${(await pool.head(name))?.id ?? ''}`);
  const flags = await Promise.all(['', '@one', '@two'].map(async (at) => flagsOf(`${name}${at}`)));
  return {
    flags,
    snapshots: listed.map((entry) => ({ ...entry, id: 0, timestamp: '' })),
    records: [...keys]
      .filter(([key]) => key.startsWith('snapshot_'))
      .map(([, value]) => withoutTime(value).toString('hex')),
    keys: [...keys.keys()].map((key) => key.replace(/^snapshot_.*/, 'snapshot')),
  };
}

/** The object maps of the image and of its snapshots, in their order. */
async function mapsOf(name: string): Promise<string[]> {
  const head = await pool.head(name);
  const ids = head?.snapshots.map(({ id }) => `.${id.toString(16).padStart(16, '0')}`) ?? [];
  const maps: string[] = [];
  for (const at of ['', ...ids]) {
    const file = path.join(ceph.directory, 'map');
    await ceph.tool('rados', '--pool', 'rbd', 'get', `rbd_object_map.${head?.id ?? ''}${at}`, file);
    maps.push((await readFile(file)).toString('hex'));
  }
  return maps;
}

it.each([
  ['an image', false],
  ['a clone', true],
])('snapshots of %s are, record for record, as rbd takes and protects them', async (kind, isClone) => {
  const names = [`ours of ${kind}`, `theirs of ${kind}`] as const;
  if (isClone) {
    await pool.createImage('parent', { sizeBytes: SIZE, order: ORDER });
    await pool.createSnapshot('parent', 'snap');
  }
  for (const name of names) {
    if (isClone) await pool.cloneImage(name, { parentImage: 'parent', parentSnapshot: 'snap' });
    else await pool.createImage(name, { sizeBytes: SIZE, order: ORDER });
  }
  const takes = [
    async (snapshot: string): Promise<void> => {
      await pool.createSnapshot(names[0], snapshot);
      await pool.protectSnapshot(names[0], snapshot);
    },
    async (snapshot: string): Promise<void> => {
      await rbd('snap', 'create', `rbd/${names[1]}@${snapshot}`, '--no-progress');
      await rbd('snap', 'protect', `rbd/${names[1]}@${snapshot}`);
    },
  ];
  for (const [index, take] of takes.entries()) {
    const name = names[index] ?? '';
    await write(name, 1, 'before one');
    await take('one');
    await write(name, 2, 'before two');
    await take('two');
    await write(name, 3, 'after');
  }
  expect(await headerOf(names[0])).toEqual(await headerOf(names[1]));
  expect(await headerOf(names[0])).toMatchObject({
    flags: [[], [], []],
    snapshots: [{ name: 'one', protected: 'true' }, { name: 'two' }],
  });
  const maps = await mapsOf(names[0]);
  expect(maps).toEqual(await mapsOf(names[1]));
  expect(new Set(maps).size).toBe(3);
});

/** What each object holds, in a snapshot or now. */
async function objectsAt(name: string, snapshot: string | undefined): Promise<string[]> {
  await using image = await readable(name, snapshot);
  const bytes = await image.read(0, SIZE);
  return Array.from({ length: SIZE / OBJECT }, (_, index) =>
    createHash('sha1')
      .update(bytes.subarray(index * OBJECT, (index + 1) * OBJECT))
      .digest('hex'),
  );
}

async function readable(name: string, snapshot: string | undefined): Promise<RbdImage> {
  return pool.openImage(name, snapshot === undefined ? { readOnly: true } : { snapshot });
}

/** Which objects are said to have changed since a snapshot, by the object maps. */
async function changedBetween(
  name: string,
  since: string,
  snapshot: string | undefined,
): Promise<Set<number>> {
  await using image = await readable(name, snapshot);
  const changed = new Set<number>();
  for await (const { offset, length } of image.diff({ since, wholeObject: true })) {
    for (let at = offset; at < offset + length; at += OBJECT) changed.add(at / OBJECT);
  }
  return changed;
}

interface Intruder {
  readonly what: string;
  /** What somebody else does meanwhile; what is open still is written to when the snapshot is there, and closed. */
  readonly act: (name: string) => Promise<RbdImage | undefined>;
}

/** Opens it by its id: one that is open by its name is not closed while this process takes a snapshot of it. */
async function opened(name: string): Promise<RbdImage> {
  return strangers.openImage({ id: (await strangers.head(name))?.id ?? '' });
}

async function writeOften(image: RbdImage): Promise<void> {
  for (const object of [1, 5, 9]) await image.write(object * OBJECT, randomBytes(BLOCK));
}

const INTRUDERS: readonly Intruder[] = [
  {
    what: 'writes',
    act: async (name) => {
      await using image = await opened(name);
      await writeOften(image);
      return undefined;
    },
  },
  {
    what: 'writes, and has it open still',
    act: async (name) => {
      const image = await opened(name);
      await writeOften(image);
      return image;
    },
  },
  { what: 'has it open', act: opened },
  {
    what: 'takes a snapshot',
    act: async (name) => {
      await using image = await opened(name);
      await image.createSnapshot('theirs');
      return undefined;
    },
  },
  {
    what: 'takes a snapshot and writes',
    act: async (name) => {
      await using image = await opened(name);
      await image.createSnapshot('theirs');
      await writeOften(image);
      return undefined;
    },
  },
  {
    what: 'takes a snapshot without opening it',
    act: async (name) => {
      // Those of one process wait for each other.
      const said = once(another, 'message');
      another.send(name);
      expect(await said).toEqual(['done', undefined]);
      return undefined;
    },
  },
];

/** Takes a snapshot while somebody comes before one of its calls. @returns whether there is such a call, and what is open */
async function takeIntruded(
  name: string,
  { act }: Intruder,
  step: number,
): Promise<{ readonly isThere: boolean; readonly left: RbdImage | undefined }> {
  let calls = -Infinity;
  let left: RbdImage | undefined;
  const intruded = new IntrudedRbdClient(async () => {
    calls += 1;
    if (calls === step) left = await act(name);
  });
  const own = await intruded.connect({ confFile: ceph.confFile, timeoutMs: 20_000 });
  try {
    const images = await own.openPool('rbd');
    calls = 0;
    await images.createSnapshot(name, 'ours');
  } finally {
    await own.close();
  }
  return { isThere: calls >= step, left };
}

/** Takes a snapshot, and comes no further than to one of its calls. @returns whether there is such a call */
async function takeKilled(name: string, step: number): Promise<boolean> {
  let calls = -Infinity;
  const killed = new IntrudedRbdClient(async () => {
    calls += 1;
    if (calls >= step) throw new Error('killed');
    return Promise.resolve();
  });
  await using own = await killed.connect({ confFile: ceph.confFile, timeoutMs: 20_000 });
  const images = await own.openPool('rbd');
  calls = 0;
  try {
    await images.createSnapshot(name, 'ours');
    return false;
  } catch (error) {
    expect(String(error)).toContain('killed');
    return true;
  }
}

it('a snapshot that was cut off before any of its calls is removed, and taken again, with right object maps', async () => {
  let step = 0;
  let found = 0;
  for (let isThere = true; isThere;) {
    step += 1;
    const name = `killed ${String(step)}`;
    await pool.createImage(name, { sizeBytes: SIZE, order: ORDER });
    await write(name, 0, 'before');
    await pool.createSnapshot(name, 'before');
    await write(name, 1, 'changed');

    isThere = await takeKilled(name, step);
    const snapshots = (await pool.head(name))?.snapshots.map((snapshot) => snapshot.name) ?? [];
    if (snapshots.includes('ours')) {
      found += 1;
      await using image = await pool.openImage(name);
      await image.removeSnapshot('ours');
    }
    expect(await flagsOf(name)).toEqual([]);
    await pool.createSnapshot(name, 'ours');
    await write(name, 2, 'after');
    await checkMaps(name, ['before', 'ours', undefined]);
  }
  // In the header, with its map, and with all but the word to others; and the one that nobody killed.
  expect([step > 8, found]).toEqual([true, 4]);
});

/** Everything that differs between two moments is told of, by the object maps; which are right. */
async function checkMaps(name: string, moments: readonly (string | undefined)[]): Promise<void> {
  for (const [index, moment] of moments.entries()) {
    const spec = moment === undefined ? name : `${name}@${moment}`;
    await rbd('object-map', 'check', `rbd/${spec}`, '--no-progress');
    expect([spec, ...(await flagsOf(spec))]).toEqual([spec]);
    const since = moments[index - 1];
    if (since === undefined) continue;
    const [before, now] = [await objectsAt(name, since), await objectsAt(name, moment)];
    const told = await changedBetween(name, since, moment);
    const different = now.flatMap((hash, object) => (hash === before[object] ? [] : [object]));
    expect(different.filter((object) => !told.has(object))).toEqual([]);
  }
}

it.each(someOf(INTRUDERS, 1 / 3).map((intruder) => [intruder.what, intruder] as const))(
  'a snapshot stays as it is, and all object maps are right, when somebody %s between any two of its calls',
  async (what, intruder) => {
    let step = 0;
    for (let isThere = true; isThere;) {
      step += 1;
      const name = `${what} ${String(step)}`;
      await pool.createImage(name, { sizeBytes: SIZE, order: ORDER });
      for (const object of [0, 1]) await write(name, object, 'before');
      await pool.createSnapshot(name, 'before');
      for (const object of [1, 2]) await write(name, object, 'changed');

      const taken = await takeIntruded(name, intruder, step);
      isThere = taken.isThere;
      const objects = await objectsAt(name, 'ours');
      if (taken.left !== undefined) await writeOften(taken.left);
      await taken.left?.close();
      for (const object of [2, 3]) await write(name, object, 'after');
      expect(await objectsAt(name, 'ours')).toEqual(objects);
      const snapshots = (await pool.head(name))?.snapshots.map((snapshot) => snapshot.name) ?? [];
      const theirs = isThere && what.includes('snapshot') ? ['theirs'] : [];
      expect([...snapshots].sort()).toEqual(['before', 'ours', ...theirs].sort());
      await checkMaps(name, [...snapshots, undefined]);
    }
    expect(step).toBeGreaterThan(8);
  },
);
