import type { Backend, BlockDevice, Volume } from '@scoria/core';
import { Container, createBackend, MIB } from '@scoria/core';
import type { ConnectOptions, RbdImage, RbdPool } from '@scoria/librbd';
import { SimulatedCeph, SimulatedRbdClient } from '@scoria/librbd/simulated';
import { deferred, FakeClock, fakePorts, makeContext, makeVolume } from '@scoria/testkit';
import { UserWork } from '../background/user-work.js';
import plugin from '../index.js';
import type { RbdOptions } from '../options.js';
import { bindClient } from '../spec-support/simulated-storage.js';
import { RbdConnection } from './rbd-connection.js';

type SimulatedCluster = Awaited<ReturnType<SimulatedRbdClient['connect']>>;

/** Remembers its connections. */
class RememberingClient extends SimulatedRbdClient {
  readonly clusters: SimulatedCluster[] = [];

  override async connect(options: ConnectOptions): Promise<SimulatedCluster> {
    const cluster = await super.connect(options);
    this.clusters.push(cluster);
    return cluster;
  }

  /** Whether each connection is open, the first one first. */
  async areOpen(): Promise<boolean[]> {
    // What closes of itself closes in some turns of the event loop.
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    return Promise.all(
      this.clusters.map(async (cluster) =>
        cluster.pools().then(
          () => true,
          () => false,
        ),
      ),
    );
  }

  /** The next call of this kind gets no answer. */
  hang(wanted: string): void {
    this.faults.add({ when: ({ operation }) => operation === wanted, effect: { kind: 'hang' } });
  }
}

const OPTIONS = {
  rbd_cluster_name: 'ceph',
  rbd_pool: 'rbd',
  rbd_ceph_conf: '',
  rados_connect_timeout: 0.03,
  rados_connection_interval: 0,
} as RbdOptions;

let ceph: SimulatedCeph;
let client: RememberingClient;
let connection: RbdConnection;
let clock: FakeClock;
beforeEach(async () => {
  ceph = new SimulatedCeph();
  client = new RememberingClient(ceph);
  clock = new FakeClock();
  connection = new RbdConnection(OPTIONS, clock, new UserWork(clock), client);
  await connection.use('make images', async ({ pool }) => {
    for (const name of ['a', 'b']) await pool.createImage(name, { sizeBytes: MIB });
  });
});
afterEach(async () => connection.close());

async function open(name: string): Promise<RbdImage> {
  return connection.use(`open ${name}`, async ({ pool }) => pool.openImage(name));
}

async function timeOut(): Promise<void> {
  client.hang('growImage');
  const grow = connection.use('extend a', async ({ pool }) => pool.growImage('a', 2 * MIB));
  await expect(grow).rejects.toMatchObject({ code: 'unavailable' });
}

/** An operation that goes on when it is told to. */
function operation(): { readonly goOn: () => void; readonly end: Promise<void>; pool: () => RbdPool } {
  const { promise, resolve } = deferred();
  let used: RbdPool | undefined;
  const end = connection.use('look at b', async ({ pool }) => {
    used = pool;
    await promise;
    await pool.head('b');
  });
  return { goOn: resolve, end, pool: () => used! };
}

it('one image’s time-out ends neither another operation nor an open image; what comes next has a new connection', async () => {
  const image = await open('b');
  const other = operation();
  await timeOut();
  const next = await connection.use('look at b', async ({ pool }) => Promise.resolve(pool));
  expect([next === other.pool(), await client.areOpen()]).toEqual([false, [true, true]]);
  await image.write(0, Buffer.from('x'));
  other.goOn();
  await other.end;
  expect((await image.read(0, 1)).toString()).toBe('x');
  expect(await client.areOpen()).toEqual([true, true]);
  await image.close();
  expect(await client.areOpen()).toEqual([false, true]);
});

it('a connection by which a call has timed out is closed when the last operation has ended', async () => {
  const image = await open('b');
  const other = operation();
  await timeOut();
  await image.close();
  expect(await client.areOpen()).toEqual([true]);
  other.goOn();
  await other.end;
  expect(await client.areOpen()).toEqual([false]);
});

it('a cluster that does not answer gets some more connections, and no more than some', async () => {
  const images = [];
  for (let times = 0; times < 6; times += 1) {
    images.push(await open('b'));
    await timeOut();
  }
  expect(await client.areOpen()).toEqual([true, true, true, true]);
  await clock.advance(600_000);
  await timeOut();
  images.push(await open('b'));
  expect(await client.areOpen()).toEqual([true, true, true, true, true]);
  for (const image of images) await image.close();
  expect(await client.areOpen()).toEqual([false, false, false, false, true]);
  await timeOut();
  expect((await client.areOpen()).at(-1)).toBe(false);
});

it('a connection that nobody uses is closed as soon as a call has timed out', async () => {
  for (const closed of [[false], [false, false], [false, false, false]]) {
    await timeOut();
    expect(await client.areOpen()).toEqual(closed);
  }
});

it('what has been opened too late keeps no connection', async () => {
  client.faults.add({
    when: ({ operation: name }) => name === 'openImage',
    effect: { kind: 'hang', after: true },
  });
  await expect(open('b')).rejects.toMatchObject({ code: 'unavailable' });
  expect(await client.areOpen()).toEqual([false]);
});

it('a connection that was cut is closed at once', async () => {
  const image = await open('b');
  const other = operation();
  client.disconnect();
  await expect(open('a')).rejects.toMatchObject({ code: 'unavailable' });
  await expect(image.info()).rejects.toMatchObject({ code: 'closed' });
  other.goOn();
  await expect(other.end).rejects.toMatchObject({ code: 'unavailable' });
  await connection.use('look at b', async ({ pool }) => pool.head('b'));
});

it('a right that is missing ends nobody else’s work', async () => {
  const image = await open('b');
  client.faults.add({ effect: { kind: 'fail', code: 'permission' } });
  await expect(open('a')).rejects.toMatchObject({ code: 'failed' });
  await open('a');
  await image.read(0, 1);
  expect(await client.areOpen()).toEqual([true, true]);
});

it('the end closes all of them, with what is open, and in time where nobody answers', async () => {
  const images: RbdImage[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    images.push(await open('b'));
    if (turn < 2) await timeOut();
  }
  ceph.pause();
  const lost = connection.use('look at b', async ({ pool }) => pool.head('b'));
  const begun = Date.now();
  await Promise.all([connection.close(), expect(lost).rejects.toMatchObject({ code: 'unavailable' })]);
  expect(Date.now() - begun).toBeLessThan(1000);
  ceph.resume();
  for (const image of images) await expect(image.info()).rejects.toMatchObject({ code: 'closed' });
  expect(await client.areOpen()).toEqual([false, false, false]);
});

describe('a backend', () => {
  let backend: Backend;
  afterEach(async () => backend.stop(makeContext()));

  async function create(): Promise<Volume> {
    const volume = makeVolume({ sizeBytes: MIB });
    await backend.driver.createVolume(makeContext(), volume);
    return { ...volume, status: 'available' };
  }

  it('goes on with a device while another volume cannot be extended', async () => {
    const root = new Container();
    root.load(
      fakePorts({ clock: new FakeClock({ autoAdvance: true }) }),
      bindClient(() => client),
    );
    const options = { rados_connect_timeout: 1 };
    backend = await createBackend(root, plugin, { name: 'rbd', options, stateDirectory: '/state' });
    await backend.start(makeContext());
    const [volume, uploaded] = [await create(), await create()];
    await using device: BlockDevice = await backend.driver.openDevice(
      makeContext(),
      { kind: 'volume', volume: uploaded },
      'read-write',
    );
    client.hang('growImage');
    const extending = backend.driver.extendVolume(makeContext(), volume, 2 * MIB);
    await expect(extending).rejects.toMatchObject({ code: 'unavailable' });
    await backend.driver.createVolume(makeContext(), makeVolume({ sizeBytes: MIB }));
    await device.write(0, Buffer.from('x'));
    expect((await device.read(0, 1)).toString()).toBe('x');
    await device.flush();
  });
});
