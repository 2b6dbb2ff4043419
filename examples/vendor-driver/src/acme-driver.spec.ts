import type { Backend } from '@scoria/core';
import { Container, createBackend, DriverError, GIB, MIB } from '@scoria/core';
import { fakePorts, makeContext, makeSnapshot, makeVolume, withDevice } from '@scoria/testkit';
import { FakeArray } from './fake-array/fake-array.js';
import type { Trouble } from './fake-array/fake-array.js';
import plugin from './index.js';

let array: FakeArray;

beforeEach(async () => {
  array = await FakeArray.start({ totalBytes: 8 * MIB });
});
afterEach(() => array.stop());

async function backendOf(options: object = {}): Promise<Backend> {
  const root = new Container();
  root.load(fakePorts());
  return createBackend(root, plugin, {
    name: 'acme',
    stateDirectory: '/nowhere',
    options: {
      acme_url: array.url,
      acme_user: array.user,
      acme_password: array.password,
      acme_pool: array.state.pool,
      acme_timeout: 2,
      ...options,
    },
  });
}

async function failure(promise: Promise<unknown>): Promise<DriverError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof DriverError) return error;
  throw new Error(`expected a DriverError, got ${String(error)}`);
}

describe('the start of a backend', () => {
  it.each([
    ['a wrong password', { acme_password: 'wrong' }, 'unavailable', /401 unauthorised: user scoria may not/],
    [
      'a pool that is missing',
      { acme_pool: 'lead' },
      'unavailable',
      /404 no_such_pool: there is no pool lead/,
    ],
    [
      'no array',
      { acme_url: 'http://127.0.0.1:1' },
      'unavailable',
      /^the Acme array at http:\/\/127.0.0.1:1 /,
    ],
  ])('tells of %s', async (_, options, code, message) => {
    const backend = await backendOf(options);
    const error = await failure(backend.start(makeContext()));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    await backend.stop(makeContext());
  });
});

describe('a request to the array', () => {
  it('logs in again when its session has expired, once', async () => {
    const { driver } = await backendOf();
    await driver.stats(makeContext());
    array.expireTokens();
    await driver.stats(makeContext());
    expect(array.requests.filter((asked) => asked === 'POST /login')).toHaveLength(2);
    array.trouble = { requests: /pools/, error: 'unauthorised' };
    expect((await failure(driver.stats(makeContext()))).code).toBe('unavailable');
    expect(array.requests.filter((asked) => asked === 'POST /login')).toHaveLength(3);
  });

  it.each<[string, Omit<Trouble, 'requests'>, string, RegExp]>([
    ['an error of its own', { error: 'internal' }, 'failed', /refused GET \/pools\/gold with 500 internal/],
    ['no answer in time', { delayMs: 3000 }, 'timeout', /did not answer GET \/pools\/gold \(timeout/],
  ])('turns %s into a DriverError', async (_, trouble, code, message) => {
    const { driver } = await backendOf();
    array.trouble = { requests: /pools/, ...trouble };
    const error = await failure(driver.stats(makeContext()));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  it('ends when the operation is cancelled', async () => {
    const { driver } = await backendOf({ acme_timeout: 30 });
    array.trouble = { requests: /pools/, delayMs: 1000 };
    const signal = AbortSignal.timeout(50);
    expect((await failure(driver.stats(makeContext({ signal })))).code).toBe('cancelled');
  });
});

describe('what was to be made and was not answered', () => {
  it.each<[string, Omit<Trouble, 'requests'>]>([
    ['made', { loseAnswer: true }],
    ['not made', { delayMs: 3000 }],
  ])('is not left on the array, where the volume was %s', async (_, trouble) => {
    const { driver } = await backendOf();
    array.trouble = { requests: /POST .volumes$/, ...trouble };
    const error = await failure(driver.createVolume(makeContext(), makeVolume()));
    expect(error.code).toBe('timeout');
    expect(array.names()).toEqual([]);
  });

  it.each(['volume', 'snapshot'])('is removed also when making the %s was cancelled', async (kind) => {
    const { driver } = await backendOf({ acme_timeout: 30 });
    const volume = makeVolume();
    if (kind === 'snapshot') await driver.createVolume(makeContext(), volume);
    else await driver.stats(makeContext());
    const before = array.names();
    array.trouble = { requests: /POST/, loseAnswer: true };
    const context = makeContext({ signal: AbortSignal.timeout(100) });
    const making =
      kind === 'volume'
        ? driver.createVolume(context, volume)
        : driver.createSnapshot(context, makeSnapshot({ ...volume, status: 'available' }));
    expect((await failure(making)).code).toBe('cancelled');
    expect(array.names()).toEqual(before);
  });

  it('does not take an older volume of that name with it', async () => {
    const { driver } = await backendOf();
    const volume = makeVolume();
    await driver.createVolume(makeContext(), volume);
    array.trouble = { requests: /POST .volumes$/, delayMs: 3000 };
    expect((await failure(driver.createVolume(makeContext(), volume))).code).toBe('timeout');
    expect(array.names()).toEqual([`volume-${volume.id}`]);
  });
});

describe('an open device', () => {
  it('keeps its volume and its snapshot from being pulled away', async () => {
    const { driver } = await backendOf();
    const volume = { ...makeVolume(), status: 'creating' as const };
    await driver.createVolume(makeContext(), volume);
    const available = { ...volume, status: 'available' as const };
    const snapshot = makeSnapshot(available);
    await driver.createSnapshot(makeContext(), snapshot);
    const busy = await withDevice(driver, makeContext(), available, 'read-only', async () => [
      await failure(driver.revertToSnapshot(makeContext(), available, snapshot)),
      await failure(driver.deleteVolume(makeContext(), available)),
    ]);
    expect(busy.map(({ code }) => code)).toEqual(['volume-busy', 'volume-busy']);
    await driver.revertToSnapshot(makeContext(), available, snapshot);
  });

  it('reports a full pool, and keeps what was written before', async () => {
    const { driver } = await backendOf();
    const volume = makeVolume({ sizeBytes: GIB });
    await driver.createVolume(makeContext(), volume);
    await withDevice(driver, makeContext(), volume, 'read-write', async (device) => {
      await device.write(0, Buffer.alloc(4 * MIB, 1));
      expect((await failure(device.write(4 * MIB, Buffer.alloc(8 * MIB, 2)))).code).toBe('no-space');
      expect(await device.read(4 * MIB - 1, 2)).toEqual(Buffer.from([1, 0]));
    });
  });
});

describe('terminateConnection', () => {
  it('leaves other hosts alone when the connector names no initiator', async () => {
    const { driver } = await backendOf();
    const volume = { ...makeVolume(), status: 'creating' as const };
    await driver.createVolume(makeContext(), volume);
    const available = { ...volume, status: 'available' as const };
    await driver.initializeConnection(makeContext(), available, { host: 'a', initiator: 'iqn.a' });
    await driver.terminateConnection(makeContext(), available, { host: 'b' });
    expect(array.names()).toContain(`volume-${volume.id} for iqn.a`);
  });
});
