import { isRbdError } from '../errors.js';
import type { RbdPool } from '../model/pool.js';
import { SimulatedCeph } from './simulated-ceph.js';
import { SimulatedRbdClient } from './simulated-client.js';

const SIZE = 2 ** 20;
const TIMEOUT_MS = 50;

let ceph: SimulatedCeph;
let client: SimulatedRbdClient;
let pool: RbdPool;

beforeEach(async () => {
  ceph = new SimulatedCeph();
  client = new SimulatedRbdClient(ceph);
  pool = await poolOf(client);
});

async function poolOf(of: SimulatedRbdClient): Promise<RbdPool> {
  return (await of.connect({ timeoutMs: TIMEOUT_MS })).openPool('rbd');
}

async function namesSeen(): Promise<string[]> {
  return (await (await poolOf(new SimulatedRbdClient(ceph))).images()).map(({ name }) => name);
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'done',
    (error: unknown) => (isRbdError(error) ? error.code : String(error)),
  );
}

it.each([
  [{ kind: 'fail', code: 'no-space' }, 'no-space', []],
  [{ kind: 'fail', code: 'no-space', after: true }, 'no-space', ['image']],
  [{ kind: 'hang' }, 'timed-out', []],
  [{ kind: 'hang', after: true }, 'timed-out', ['image']],
  [{ kind: 'disconnect' }, 'disconnected', []],
  [{ kind: 'disconnect', after: true }, 'disconnected', ['image']],
  [{ kind: 'die', when: 'before' }, 'disconnected', []],
  [{ kind: 'die', when: 'after' }, 'disconnected', ['image']],
] as const)('ends a call by %j: %s, and the pool has %j', async (effect, code, names) => {
  client.faults.add({ when: ({ operation }) => operation === 'createImage', effect });
  expect(await codeOf(pool.createImage('image', { sizeBytes: SIZE }))).toBe(code);
  expect(await namesSeen()).toEqual(names);
});

describe('a removal that gets no answer', () => {
  it.each([{ isBrief: true }, { onProgress: () => undefined }])('is given up late, with %j', async (call) => {
    await pool.createImage('image', { sizeBytes: SIZE });
    const began = Date.now();
    client.faults.add({ when: ({ operation }) => operation === 'removeImage', effect: { kind: 'hang' } });
    expect(await codeOf(pool.removeImage('image', call))).toBe('timed-out');
    expect(Date.now() - began).toBeGreaterThan(9 * TIMEOUT_MS);
  });

  it('is waited for as long as it takes where nobody follows it', async () => {
    await pool.createImage('image', { sizeBytes: SIZE });
    client.faults.add({ when: ({ operation }) => operation === 'removeImage', effect: { kind: 'hang' } });
    const late = new Promise<string>((resolve) => setTimeout(() => resolve('late'), 15 * TIMEOUT_MS));
    expect(await Promise.race([codeOf(pool.removeImage('image')), late])).toBe('late');
  });
});

it('closes what is opened too late', async () => {
  await pool.createImage('image', { sizeBytes: SIZE });
  client.faults.add({ effect: { kind: 'hang', after: true } });
  expect(await codeOf(pool.openImage('image'))).toBe('timed-out');
  expect(await codeOf((await poolOf(new SimulatedRbdClient(ceph))).removeImage('image'))).toBe('done');
});

it('connects again after the connection was cut, and not after death', async () => {
  client.disconnect();
  expect(await codeOf(pool.images())).toBe('disconnected');
  pool = await poolOf(client);
  expect(await codeOf(pool.images())).toBe('done');
  client.kill();
  expect([await codeOf(pool.images()), await codeOf(poolOf(client))]).toEqual([
    'disconnected',
    'disconnected',
  ]);
});

it('frees the watchers and the lock of a process that dies', async () => {
  await pool.createImage('image', { sizeBytes: SIZE });
  await (await pool.openImage('image')).write(0, Buffer.from('x'));
  const other = await poolOf(new SimulatedRbdClient(ceph));
  expect(await codeOf(other.removeImage('image'))).toBe('busy');
  client.kill();
  expect(await codeOf(other.removeImage('image'))).toBe('done');
});

it('dies at its n-th change', async () => {
  client.faults.dieAtChange(2, 'before');
  await pool.createImage('first', { sizeBytes: SIZE });
  await pool.images();
  expect(await codeOf(pool.createImage('second', { sizeBytes: SIZE }))).toBe('disconnected');
  expect([client.isDead, await namesSeen()]).toEqual([true, ['first']]);
});

it('leaves a name without an image where a removal dies half-way, which can be removed', async () => {
  await pool.createImage('image', { sizeBytes: SIZE });
  client.faults.dieAtChange(1, 'during');
  expect(await codeOf(pool.removeImage('image'))).toBe('disconnected');
  const other = await poolOf(new SimulatedRbdClient(ceph));
  expect([await namesSeen(), await codeOf(other.openImage('image'))]).toEqual([['image'], 'not-found']);
  expect([await codeOf(other.removeImage('image')), await namesSeen()]).toEqual(['done', []]);
});

it('leaves an image without a parent where a clone dies half-way', async () => {
  await pool.createImage('image', { sizeBytes: SIZE });
  await using image = await pool.openImage('image');
  await image.createSnapshot('snap');
  client.faults.dieAtChange(1, 'during');
  const clone = pool.cloneImage('child', { parentImage: 'image', parentSnapshot: 'snap' });
  expect(await codeOf(clone)).toBe('disconnected');
  const child = await (await poolOf(new SimulatedRbdClient(ceph))).openImage('child');
  expect(await child.parent()).toBeUndefined();
});

it('answers nothing while the cluster is paused', async () => {
  ceph.pause();
  expect(await codeOf(pool.images())).toBe('timed-out');
  const waiting = codeOf(pool.images());
  ceph.resume();
  expect(await waiting).toBe('done');
});

it.each([
  ['quota', { quotaBytes: 10 }],
  ['no-space', { isFull: true }],
] as const)('refuses to write with %s', async (code, settings) => {
  await pool.createImage('image', { sizeBytes: SIZE });
  await using image = await pool.openImage('image');
  Object.assign(ceph.poolSettings('rbd'), settings);
  expect(await codeOf(image.write(0, Buffer.alloc(11)))).toBe(code);
});

it('lets readers of a pool read only', async () => {
  ceph.createPool('images', { readers: new Set(['glance']) });
  const cluster = await client.connect({ user: 'glance', timeoutMs: 50 });
  const images = await cluster.openPool('images');
  expect(await codeOf(images.createImage('image', { sizeBytes: SIZE }))).toBe('permission');
  expect(await images.images()).toEqual([]);
});

it('records its calls', async () => {
  await pool.createImage('image', { sizeBytes: SIZE });
  const told = client.calls.map(({ operation, object, change }) => [operation, object, change]);
  expect(told).toEqual([
    ['connect', 'cluster ceph', undefined],
    ['openPool', 'pool rbd', undefined],
    ['createImage', 'image rbd/image', 1],
  ]);
});
