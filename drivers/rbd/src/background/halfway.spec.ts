import type { Backend, Snapshot, Volume } from '@scoria/core';
import { applyUpdate, Container, createBackend, MIB } from '@scoria/core';
import type { RbdPool } from '@scoria/librbd';
import { SimulatedCeph, SimulatedRbdClient } from '@scoria/librbd/simulated';
import {
  FakeLockManager,
  fakePorts,
  makeContext,
  makeSnapshot,
  makeVolume,
  openAndRead,
  openAndWrite,
} from '@scoria/testkit';
import plugin from '../index.js';
import type { Intent } from '../journal/entry.js';
import { encodeEntry, purgeKey } from '../journal/entry.js';
import { JOURNAL_OBJECT } from '../journal/journal.js';
import { bindClient, lookInto, namesIn } from '../spec-support/simulated-storage.js';

const STATE = '/state';
const OTHER_HOST = 'another host:/state';

interface Process extends AsyncDisposable {
  readonly backend: Backend;
  readonly client: SimulatedRbdClient;
}

let ceph: SimulatedCeph;
let pool: RbdPool;
let locks: FakeLockManager;
let own: string;
beforeEach(async () => {
  ceph = new SimulatedCeph();
  pool = await lookInto(ceph);
  locks = new FakeLockManager();
  own = await ownerOfEntries();
});

async function start(options: Readonly<Record<string, unknown>> = {}): Promise<Process> {
  const root = new Container();
  const client = new SimulatedRbdClient(ceph);
  root.load(
    fakePorts({ lockManager: locks }),
    bindClient(() => client),
  );
  const configuration = { name: 'rbd', options, stateDirectory: STATE };
  const backend = await createBackend(root, plugin, configuration);
  await backend.start(makeContext());
  return { backend, client, [Symbol.asyncDispose]: async () => backend.stop(makeContext()) };
}

/** As the entries of a process that has died say. */
async function ownerOfEntries(): Promise<string> {
  const process = await start();
  const volume = await create(process);
  process.client.faults.add({ when: ({ operation }) => operation === 'cloneImage', effect: dies });
  await process.backend.driver
    .createClonedVolume(makeContext(), makeVolume({ sizeBytes: MIB }), volume)
    .catch(() => undefined);
  const [entry] = (await pool.keys(JOURNAL_OBJECT)).values();
  const { owner } = JSON.parse(entry?.toString() ?? '{}') as { owner: string };
  await using next = await start();
  await next.backend.driver.deleteVolume(makeContext(), volume);
  return owner;
}

/** Of the backend that has the entries. */
function locksDirectory(): string {
  return `${own.slice(own.indexOf(':') + 1)}/locks`;
}

const dies = { kind: 'die', when: 'before' } as const;

async function create({ backend }: Process): Promise<Volume> {
  const volume = makeVolume({ sizeBytes: MIB });
  const update = await backend.driver.createVolume(makeContext(), volume);
  return { ...applyUpdate(volume, update), status: 'available' };
}

async function clone({ backend }: Process, source: Volume): Promise<Volume> {
  const volume = makeVolume({ sizeBytes: MIB });
  const update = await backend.driver.createClonedVolume(makeContext(), volume, source);
  return { ...applyUpdate(volume, update), status: 'available' };
}

async function snapshot({ backend }: Process, volume: Volume): Promise<Snapshot> {
  const taken = makeSnapshot(volume);
  await backend.driver.createSnapshot(makeContext(), taken);
  return taken;
}

async function fill({ backend }: Process, volume: Volume, byte: number): Promise<void> {
  await openAndWrite(backend.driver, makeContext(), volume, 0, Buffer.alloc(volume.sizeBytes, byte));
}

async function contents({ backend }: Process, volume: Volume): Promise<Buffer> {
  return openAndRead(backend.driver, makeContext(), volume);
}

async function record(key: string, intent: Intent, owner: string): Promise<void> {
  await pool.setKeys(JOURNAL_OBJECT, new Map([[key, encodeEntry({ owner, intent })]]));
}

async function journal(): Promise<string[]> {
  return [...(await pool.keys(JOURNAL_OBJECT)).keys()];
}

async function until(what: () => Promise<boolean>): Promise<void> {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('a revert', () => {
  it('that could not give the volume its size back does so when it is asked for again', async () => {
    await using process = await start();
    const { driver } = process.backend;
    const volume = await create(process);
    const taken = await snapshot(process, volume);
    const grown = applyUpdate(volume, await driver.extendVolume(makeContext(), volume, 2 * MIB));
    const full = { kind: 'fail', code: 'no-space' } as const;
    process.client.faults.add({ when: ({ operation }) => operation === 'growImage', effect: full });
    const revert = async (): Promise<unknown> => driver.revertToSnapshot(makeContext(), grown, taken);
    await expect(revert()).rejects.toMatchObject({ code: 'no-space' });
    expect((await pool.head(`volume-${volume.id}`))?.sizeBytes).toBe(MIB);
    await revert();
    expect((await pool.head(`volume-${volume.id}`))?.sizeBytes).toBe(2 * MIB);
  });

  it('that has failed is not made later, even where its entry could not be removed', async () => {
    await using process = await start({ deferred_deletion_purge_interval: 1 });
    const volume = await create(process);
    await fill(process, volume, 1);
    const taken = await snapshot(process, volume);
    const fails = { kind: 'fail', code: 'failed' } as const;
    for (const each of ['rollback', 'removeKeys'])
      process.client.faults.add({ when: ({ operation }) => operation === each, effect: fails });
    const reverted = process.backend.driver.revertToSnapshot(makeContext(), volume, taken);
    await expect(reverted).rejects.toMatchObject({ code: 'failed' });
    expect(await journal()).toEqual([`revert:volume-${volume.id}`]);
    await fill(process, volume, 2);
    await until(async () => (await journal()).length === 0);
    expect((await contents(process, volume)).equals(Buffer.alloc(MIB, 2))).toBe(true);
  });

  it('of a volume that is being flattened stops that first, and has it go on afterwards', async () => {
    await using process = await start({ rbd_max_clone_depth: 1 });
    const hangs = { kind: 'hang' } as const;
    process.client.faults.add({ when: ({ operation }) => operation === 'flatten', effect: hangs });
    const volume = await clone(process, await clone(process, await create(process)));
    const calls = (): string[] =>
      process.client.calls
        .map(({ operation }) => operation)
        .filter((name) => ['flatten', 'rollback'].includes(name));
    await until(() => Promise.resolve(calls().length > 0));
    const taken = await snapshot(process, volume);
    await process.backend.driver.revertToSnapshot(makeContext(), volume, taken);
    await until(async () => (await pool.head(`volume-${volume.id}`))?.parent?.overlapBytes !== MIB);
    expect(calls()).toEqual(['flatten', 'rollback', 'flatten']);
  });
});

it('a flattening that another process has under way is asked to stop until it does', async () => {
  await using flattening = await start({ rbd_max_clone_depth: 1 });
  const hangs = { kind: 'hang' } as const;
  flattening.client.faults.add({ when: ({ operation }) => operation === 'flatten', effect: hangs });
  const volume = await clone(flattening, await clone(flattening, await create(flattening)));
  await until(() =>
    Promise.resolve(flattening.client.calls.some(({ operation }) => operation === 'flatten')),
  );
  const key = `volume-${volume.id}`;
  const before = (await pool.keys(JOURNAL_OBJECT)).get(key) ?? Buffer.of();

  await using process = await start({ rbd_max_clone_depth: 1 });
  const deletion = process.backend.driver.deleteVolume(makeContext(), volume);
  await until(async () => (await pool.keys(JOURNAL_OBJECT)).get(key)?.includes('isCancelled') === true);
  // The other one had read it before, and writes what it has begun.
  await pool.setKeys(JOURNAL_OBJECT, new Map([[key, before]]));
  await deletion;
  expect(await pool.head(key)).toBeUndefined();
});

it('a request to stop that was cut off when the volume was gone already lets go of its parent', async () => {
  const options = { rbd_max_clone_depth: 1 };
  await using process = await start(options);
  const source = await clone(process, await create(process));
  const volume = await clone(process, source);
  await until(async () => (await pool.head(`volume-${volume.id}`))?.parent === undefined);
  await until(async () => (await journal()).length === 0);
  const key = `volume-${volume.id}`;
  const [parentImage, snapshot] = [`volume-${source.id}`, `${key}.clone_snap`];
  await pool.createSnapshot(parentImage, snapshot);
  const head = await pool.head(parentImage);
  const kept = head?.snapshots.find(({ name }) => name === snapshot);
  const parent = {
    pool: 'rbd',
    image: parentImage,
    imageId: head?.id ?? '',
    snapshot,
    snapshotId: kept?.id ?? -1,
  };
  await process.backend.driver.deleteVolume(makeContext(), volume);
  await record(key, { kind: 'flatten', parent, isCancelled: true }, own);
  await using _next = await start(options);
  await until(async () => (await journal()).length === 0);
  expect((await namesIn(pool)).filter((name) => name.endsWith('@' + snapshot))).toEqual([]);
});

it('a snapshot for a clone that was taken, and said to have failed, does not stay', async () => {
  await using process = await start();
  const source = await create(process);
  const effect = { kind: 'fail', code: 'busy', after: true } as const;
  process.client.faults.add({ when: ({ operation }) => operation === 'createSnapshot', effect });
  await expect(clone(process, source)).rejects.toThrow();
  expect([await namesIn(pool), await journal()]).toEqual([[`volume-${source.id}`], []]);
});

describe('what is in the trash for a moment', () => {
  async function inTrash(name: string): Promise<string> {
    await pool.createImage(name, { sizeBytes: MIB });
    const id = (await pool.head(name))?.id ?? '';
    await pool.moveToTrash(name, 0);
    return id;
  }

  it('is removed by its own host only; what was put there to stay, by any', async () => {
    const [passing, deferred, ours] = [await inTrash('a'), await inTrash('b'), await inTrash('c')];
    const passes = { kind: 'purge', isPassing: true } as const;
    await record(purgeKey(passing), { ...passes, id: passing, name: 'a' }, OTHER_HOST);
    await record(purgeKey(deferred), { kind: 'purge', id: deferred, name: 'b' }, OTHER_HOST);
    await record(purgeKey(ours), { ...passes, id: ours, name: 'c' }, own);
    await using _process = await start();
    expect([(await pool.trash()).map(({ name }) => name), await journal()]).toEqual([
      ['a'],
      [purgeKey(passing)],
    ]);
  });

  it('is left to who is at it', async () => {
    const id = await inTrash('a');
    await record(purgeKey(id), { kind: 'purge', isPassing: true, id, name: 'a' }, own);
    const delete_ = await locks.acquire([{ directory: locksDirectory(), name: 'tree.a' }]);
    await using _process = await start({ deferred_deletion_purge_interval: 1 });
    expect(await pool.trash()).toHaveLength(1);
    await delete_.release();
    await until(async () => (await pool.trash()).length === 0);
  });

  it('takes no other image along that has its name', async () => {
    const id = await inTrash('a');
    await pool.createImage('a', { sizeBytes: MIB });
    await record(purgeKey(id), { kind: 'purge', id, name: 'a' }, own);
    const dead = new SimulatedRbdClient(ceph);
    const cluster = await dead.connect({ timeoutMs: 1000 });
    const watching = await (await cluster.openPool('rbd')).openImage({ id });
    await using _process = await start();
    expect((await pool.images()).map(({ name }) => name)).toEqual(['a']);
    expect((await pool.trash()).map((entry) => entry.id)).toEqual([id]);
    await watching.close();
    await cluster.close();
  });
});

it('the end of a removal of a backup is left to who is at it', async () => {
  await using process = await start();
  const volume = await create(process);
  const parent = { pool: 'rbd', image: 'gone', imageId: 'gone', snapshot: 'gone', snapshotId: 1 };
  const key = `volume-${volume.id}@backup.b1.snap.1700000000.00`;
  await record(key, { kind: 'release', parent }, own);
  const held = await locks.acquire([{ directory: locksDirectory(), name: `volume-${volume.id}@backup.b1` }]);
  {
    await using _next = await start();
    expect(await journal()).toEqual([key]);
  }
  await held.release();
  await using _next = await start();
  expect(await journal()).toEqual([]);
});

it('a deleted volume that somebody has open does not go to the trash', async () => {
  await using process = await start({ enable_deferred_deletion: true, rados_connection_retries: 1 });
  const volume = await create(process);
  {
    await using _guest = await pool.openImage(`volume-${volume.id}`);
    const deletion = process.backend.driver.deleteVolume(makeContext(), volume);
    await expect(deletion).rejects.toMatchObject({ code: 'volume-busy' });
    expect([await pool.trash(), await journal()]).toEqual([[], []]);
  }
  await process.backend.driver.deleteVolume(makeContext(), volume);
  expect(await pool.trash()).toHaveLength(1);
});
