import type { Backend, Snapshot, Volume } from '@scoria/core';
import { applyUpdate, Container, createBackend, isDriverError, MIB } from '@scoria/core';
import type { RbdPool } from '@scoria/librbd';
import type { SimulatedCephOptions } from '@scoria/librbd/simulated';
import { SimulatedCeph, SimulatedRbdClient } from '@scoria/librbd/simulated';
import {
  FakeClock,
  FakeLockManager,
  fakePorts,
  makeContext,
  makeSnapshot,
  makeVolume,
  MemoryLogger,
} from '@scoria/testkit';
import plugin from './index.js';
import { encodeEntry } from './journal/entry.js';
import { JOURNAL_OBJECT } from './journal/journal.js';
import { bindClient, lookInto, namesIn } from './spec-support/simulated-storage.js';

const id = (number: number): string => `0f5a2f2e-7a1c-4b7e-8b0c-${String(number).padStart(12, '0')}`;
const image = (number: number): string => `volume-${id(number)}`;

let now: number;
let ceph: SimulatedCeph;
let pool: RbdPool;
let client: SimulatedRbdClient;
let logger: MemoryLogger;
let backend: Backend;
const locks = new FakeLockManager();

async function open(options: Readonly<Record<string, unknown>> = {}): Promise<Backend> {
  const root = new Container();
  client = new SimulatedRbdClient(ceph);
  logger = new MemoryLogger();
  root.load(
    fakePorts({ lockManager: locks, logger, clock: new FakeClock({ autoAdvance: true }) }),
    bindClient(() => client),
  );
  return createBackend(root, plugin, { name: 'rbd', options, stateDirectory: '/state' });
}

async function start(options: Readonly<Record<string, unknown>> = {}): Promise<void> {
  backend = await open(options);
  await backend.start(makeContext({ logger }));
}

async function startOn(
  cluster: SimulatedCephOptions,
  options: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  ceph = new SimulatedCeph({ now: () => now, ...cluster });
  pool = await lookInto(ceph);
  await start(options);
}

beforeEach(() => {
  now = Date.now();
});
afterEach(() => backend.stop(makeContext()));

async function create(number: number): Promise<Volume> {
  const volume = makeVolume({ id: id(number), sizeBytes: MIB });
  return available(volume, await backend.driver.createVolume(makeContext(), volume));
}

async function clone(source: Volume, number: number): Promise<Volume> {
  const volume = makeVolume({ id: id(number), sizeBytes: source.sizeBytes });
  return available(volume, await backend.driver.createClonedVolume(makeContext(), volume, source));
}

async function snapshot(volume: Volume, number: number): Promise<Snapshot> {
  const taken = makeSnapshot(volume, { id: id(number) });
  await backend.driver.createSnapshot(makeContext(), taken);
  return taken;
}

async function remove(...volumes: readonly Volume[]): Promise<void> {
  for (const volume of volumes) await backend.driver.deleteVolume(makeContext({ logger }), volume);
}

function available(volume: Volume, update: Parameters<typeof applyUpdate>[1]): Volume {
  return { ...applyUpdate(volume, update), status: 'available' };
}

async function journal(): Promise<string[]> {
  return [...(await pool.keys(JOURNAL_OBJECT)).keys()];
}

/** Until `expected` is what there is; then compares. */
async function eventually<T>(look: () => Promise<T>, expected: T): Promise<void> {
  for (let turn = 0; turn < 500; turn += 1) {
    if (JSON.stringify(await look()) === JSON.stringify(expected)) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await look()).toEqual(expected);
}

async function refusal(work: Promise<unknown>): Promise<{ code: string; message: string; details: object }> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (isDriverError(error)) return error;
  throw new Error(`expected a DriverError, got ${String(error)}`);
}

describe.each([1, 2] as const)('trees of clones of format %i', (cloneFormat) => {
  it('keep a deleted volume for its clones, and lose all of it with the last one', async () => {
    await startOn({ cloneFormat });
    const first = await create(1);
    const second = await clone(first, 2);
    const third = await clone(second, 3);
    await remove(first, second);
    expect(await namesIn(pool)).toEqual([
      `${image(1)}.deleted`,
      `${image(1)}.deleted@${image(2)}.clone_snap`,
      `${image(2)}.deleted`,
      `${image(2)}.deleted@${image(3)}.clone_snap`,
      image(3),
    ]);
    const steps = await backend.driver.planOf(makeContext(), { operation: 'delete-volume', volume: third });
    expect(steps).toEqual([
      `remove ${image(3)}`,
      `unprotect ${image(2)}.deleted@${image(3)}.clone_snap`,
      `remove the snapshot ${image(2)}.deleted@${image(3)}.clone_snap`,
      `remove ${image(2)}.deleted`,
      `unprotect ${image(1)}.deleted@${image(2)}.clone_snap`,
      `remove the snapshot ${image(1)}.deleted@${image(2)}.clone_snap`,
      `remove ${image(1)}.deleted`,
    ]);
    await remove(third);
    expect([await namesIn(pool), await journal()]).toEqual([[], []]);
  });

  it('are cut in the background where a clone has too many ancestors', async () => {
    await startOn({ cloneFormat }, { rbd_max_clone_depth: 1 });
    const first = await create(1);
    const second = await clone(first, 2);
    const third = await clone(second, 3);
    await eventually(journal, []);
    expect(await namesIn(pool)).toEqual([image(1), `${image(1)}@${image(2)}.clone_snap`, image(2), image(3)]);
    expect(await backend.driver.chainOf(makeContext(), third, [])).toHaveLength(1);
    await remove(first, second, third);
    expect(await namesIn(pool)).toEqual([]);
  });

  it('are copied at once where nothing may be shared', async () => {
    await startOn({ cloneFormat }, { rbd_max_clone_depth: 0 });
    const first = await create(1);
    await clone(first, 2);
    expect([await namesIn(pool), await journal()]).toEqual([[image(1), image(2)], []]);
  });

  it('go on being cut where an earlier process was', async () => {
    await startOn({ cloneFormat }, { rbd_max_clone_depth: 1 });
    const second = await clone(await create(1), 2);
    client.faults.add({
      when: ({ operation }) => operation === 'flatten',
      effect: { kind: 'die', when: 'before' },
    });
    await clone(second, 3);
    await eventually(() => Promise.resolve(client.isDead), true);
    expect(await journal()).toEqual([image(3)]);
    await backend.stop(makeContext());
    await start({ rbd_max_clone_depth: 1 });
    await eventually(journal, []);
    expect(await namesIn(pool)).not.toContain(`${image(2)}@${image(3)}.clone_snap`);
  });

  it('are deleted while they are being cut', async () => {
    await startOn({ cloneFormat, latencyMs: 1 }, { rbd_max_clone_depth: 1 });
    const second = await clone(await create(1), 2);
    await remove(await clone(second, 3));
    await eventually(journal, []);
    expect(await namesIn(pool)).toEqual([image(1), `${image(1)}@${image(2)}.clone_snap`, image(2)]);
  });
});

describe('revertToSnapshot', () => {
  it('tries again while a client that was killed still has the lock of the one who writes', async () => {
    await startOn({});
    const volume = await create(1);
    const taken = await snapshot(volume, 2);
    const isRollback = ({ operation }: { operation: string }): boolean => operation === 'rollback';
    client.faults.add({ when: isRollback, times: 2, effect: { kind: 'fail', code: 'busy' } });
    await backend.driver.revertToSnapshot(makeContext(), volume, taken);
    client.faults.add({ when: isRollback, times: 10, effect: { kind: 'fail', code: 'busy' } });
    const error = await refusal(backend.driver.revertToSnapshot(makeContext(), volume, taken));
    expect([error.code, await journal()]).toEqual(['volume-busy', []]);
  });
});

describe('deleteVolume', () => {
  it('takes the snapshots of backups, and what others have forgotten, with it', async () => {
    await startOn({});
    const volume = await create(1);
    const open = await pool.openImage(image(1));
    await open.createSnapshot(`backup.${id(9)}.snap.17`);
    await open.createSnapshot(`${image(8)}.clone_snap`);
    await open.protectSnapshot(`${image(8)}.clone_snap`);
    await open.close();
    await remove(volume);
    expect(await namesIn(pool)).toEqual([]);
  });

  it('tries again while somebody watches, is refused then, and leaves the volume usable', async () => {
    await startOn({});
    const volume = await clone(await create(1), 2);
    const open = await pool.openImage(image(2));
    const error = await refusal(backend.driver.deleteVolume(makeContext(), volume));
    expect(error).toMatchObject({ code: 'volume-busy', details: { heldBy: [expect.any(String)] } });
    expect([await namesIn(pool), await journal()]).toEqual([
      [image(1), `${image(1)}@${image(2)}.clone_snap`, image(2)],
      [],
    ]);
    await open.close();
    await remove(volume);
    expect(await namesIn(pool)).toEqual([image(1)]);
  });

  it('leaves what other hosts have begun to them', async () => {
    await startOn({});
    const value = encodeEntry({ owner: 'other:/state/rbd', intent: { kind: 'clone', source: image(1) } });
    await pool.setKeys(JOURNAL_OBJECT, new Map([[image(2), value]]));
    await backend.stop(makeContext());
    await start();
    expect(await journal()).toEqual([image(2)]);
  });
});

describe('deferred deletion', () => {
  const deferred = { enable_deferred_deletion: true, deferred_deletion_delay: 60 };

  it('removes from the trash what is ours when its time has come, and what it depended on', async () => {
    await startOn({ cloneFormat: 1 }, deferred);
    await pool.createImage('other', { sizeBytes: MIB });
    await pool.moveToTrash('other', 0);
    const [first] = [await create(1)];
    await remove(await clone(first, 2), first);
    const trashed = `trash:${image(2)}`;
    const kept = [`${image(1)}.deleted`, `${image(1)}.deleted@${image(2)}.clone_snap`];
    expect(await namesIn(pool)).toEqual(['trash:other', trashed, ...kept].sort());
    await backend.driver.recover(makeContext());
    expect(await namesIn(pool)).toContain(trashed);
    now += 61_000;
    await backend.driver.recover(makeContext());
    expect(await namesIn(pool)).toEqual(['trash:other', `trash:${image(1)}.deleted`]);
    now += 61_000;
    await backend.driver.recover(makeContext());
    expect([await namesIn(pool), await journal()]).toEqual([['trash:other'], []]);
  });

  it('tells what it could not remove', async () => {
    await startOn({}, { enable_deferred_deletion: true });
    await remove(await create(1));
    client.faults.add({
      when: ({ operation }) => operation === 'removeFromTrash',
      effect: { kind: 'fail', code: 'permission' },
    });
    await backend.driver.recover(makeContext({ logger }));
    expect(logger.lines.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(new RegExp(`^${image(1)} \\(.*cannot be removed from the trash`)),
    );
    await backend.driver.recover(makeContext());
    expect(await namesIn(pool)).toEqual([]);
  });
});

describe('a snapshot that volumes depend on', () => {
  async function volumeOf(taken: Snapshot, number: number): Promise<Volume> {
    const volume = makeVolume({ id: id(number), sizeBytes: MIB });
    return available(volume, await backend.driver.createVolumeFromSnapshot(makeContext(), volume, taken));
  }

  it('is busy, and names them, in clone format 1', async () => {
    await startOn({ cloneFormat: 1 });
    const taken = await snapshot(await create(1), 11);
    await volumeOf(taken, 2);
    const error = await refusal(backend.driver.deleteSnapshot(makeContext(), taken));
    expect(error).toMatchObject({ code: 'snapshot-busy', details: { heldBy: [id(2)] } });
  });

  it('goes in clone format 2, and the deleted volume with the last of them', async () => {
    await startOn({ cloneFormat: 2 });
    const first = await create(1);
    const taken = await snapshot(first, 11);
    const second = await volumeOf(taken, 2);
    await backend.driver.deleteSnapshot(makeContext(), taken);
    await remove(first);
    expect(await namesIn(pool)).toContain(`${image(1)}.deleted`);
    await remove(second);
    expect(await namesIn(pool)).toEqual([]);
  });

  it('goes in clone format 1 where they are to be made independent', async () => {
    await startOn({ cloneFormat: 1 }, { rbd_flatten_volume_from_snapshot: true });
    const taken = await snapshot(await create(1), 11);
    await volumeOf(taken, 2);
    await backend.driver.deleteSnapshot(makeContext(), taken);
    await eventually(journal, []);
    expect(await namesIn(pool)).toEqual([image(1), image(2)]);
  });
});

describe('initializeConnection', () => {
  const monitors = [
    { host: '192.0.2.1', port: 3300, protocol: 'v2' },
    { host: '2001:db8::1', port: 6789, protocol: 'v1' },
  ] as const;

  it.each([
    ['no user', {}, { auth_enabled: false, auth_username: null }],
    [
      'a user and a secret',
      { rbd_user: 'cinder', rbd_secret_uuid: id(7) },
      { auth_enabled: true, auth_username: 'cinder', secret_uuid: id(7) },
    ],
  ])('says where the monitors are, with %s, and gives no key', async (_, options, expected) => {
    await startOn({ monitors, fsid: id(5) }, options);
    const volume = await create(1);
    expect(await backend.driver.initializeConnection(makeContext(), volume, { host: 'h' })).toEqual({
      driver_volume_type: 'rbd',
      data: {
        name: `rbd/${image(1)}`,
        hosts: ['192.0.2.1', '2001:db8::1'],
        ports: ['3300', '6789'],
        cluster_name: 'ceph',
        secret_type: 'ceph',
        secret_uuid: id(5),
        volume_id: id(1),
        discard: true,
        ...expected,
      },
    });
  });

  it('asks for the monitors once in a while', async () => {
    await startOn({});
    const volume = await create(1);
    const count = (): number => client.calls.filter(({ operation }) => operation === 'monitors').length;
    for (let turn = 0; turn < 3; turn += 1) {
      await backend.driver.initializeConnection(makeContext(), volume, { host: 'h' });
    }
    expect(count()).toBe(1);
  });
});

describe('statistics', () => {
  it.each([
    ['no quota', undefined, 10 * MIB, 10 * MIB],
    ['a quota', 4 * MIB, 4 * MIB, 4 * MIB],
    ['a quota larger than the cluster', 20 * MIB, 20 * MIB, 10 * MIB],
  ])('with %s', async (_, quotaBytes, totalBytes, freeBytes) => {
    await startOn({ capacityBytes: 10 * MIB });
    ceph.poolSettings('rbd').quotaBytes = quotaBytes;
    await create(1);
    const { pools } = await backend.driver.stats(makeContext());
    expect(pools).toMatchObject([{ totalBytes, freeBytes, provisionedBytes: MIB }]);
  });

  it.each([
    [true, 1],
    [false, 3],
  ])('look at each image once where the pool is exclusive: %s', async (isExclusive, times) => {
    await startOn({}, { rbd_exclusive_cinder_pool: isExclusive });
    await create(1);
    const before = client.calls.length;
    for (let turn = 0; turn < 3; turn += 1) await backend.driver.stats(makeContext());
    const opened = client.calls.slice(before).filter(({ operation }) => operation === 'head');
    expect(opened).toHaveLength(times);
  });

  it('say that the cluster is unreachable, and come back without a restart', async () => {
    await startOn({});
    client.disconnect();
    expect(await refusal(backend.driver.stats(makeContext()))).toMatchObject({ code: 'unavailable' });
    expect((await backend.driver.stats(makeContext())).pools).toHaveLength(1);
  });
});

describe('a cluster that gives no answer', () => {
  it('has a delete end with an error in the middle of its removal', async () => {
    await startOn({}, { rados_connect_timeout: 1 });
    const volume = await create(1);
    client.faults.add({
      when: ({ operation }) => operation === 'removeFromTrash',
      effect: { kind: 'hang' },
    });
    expect(await refusal(backend.driver.deleteVolume(makeContext(), volume))).toMatchObject({
      code: 'unavailable',
    });
  }, 30_000);

  it('has what was begun taken back later, and nothing of it tried by the same connection', async () => {
    await startOn({});
    const source = await create(1);
    client.faults.add({
      when: ({ operation }) => operation === 'growImage',
      times: 1,
      effect: { kind: 'fail', code: 'timed-out' },
    });
    const larger = makeVolume({ id: id(2), sizeBytes: 2 * source.sizeBytes });
    const error = await refusal(backend.driver.createClonedVolume(makeContext(), larger, source));
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(client.calls.filter(({ operation }) => operation.startsWith('remove'))).toEqual([]);
    expect(await journal()).toHaveLength(1);
    await backend.stop(makeContext());
    await start();
    await eventually(async () => namesIn(pool), [image(1)]);
    expect(await journal()).toEqual([]);
  });
});

describe('setup', () => {
  it('connects again as often as it is told to', async () => {
    ceph = new SimulatedCeph();
    backend = await open({ rados_connection_retries: 3 });
    client.faults.add({
      when: ({ operation }) => operation === 'connect',
      times: 2,
      effect: { kind: 'fail', code: 'timed-out' },
    });
    await backend.start(makeContext({ logger }));
    expect(client.calls.filter(({ operation }) => operation === 'connect')).toHaveLength(3);
  });

  it.each([
    [{ rbd_pool: 'missing' }, 'failed', /has no pool missing; check rbd_pool/],
    [{ rbd_store_chunk_size: 3 }, 'invalid-input', /must be a power of two, but is 3/],
  ])('refuses %j', async (options, code, message) => {
    ceph = new SimulatedCeph();
    backend = await open(options);
    const error = await refusal(backend.start(makeContext()));
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) as string });
  });
});
