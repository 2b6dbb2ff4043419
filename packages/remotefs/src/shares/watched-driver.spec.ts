import {
  createContext,
  VolumeDriver,
  type BlockDevice,
  type DataExtent,
  type OperationContext,
} from '@scoria/core';
import { collect, deferred, MemoryLogger, type Deferred } from '@scoria/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { RemoteFsDriver } from '../driver/remotefs-driver.js';
import { ShareWatch } from './share-watch.js';
import { watchedDriver } from './watched-driver.js';
import { FakeHeart } from './spec-support/fake-heart.js';

const HANGS = {
  code: 'unavailable',
  message: expect.stringMatching(
    /^the share bad:\/v cannot be used: its file system gives no answer/,
  ) as string,
};

type Call = (context: OperationContext, ...args: unknown[]) => unknown;
type Calls = Record<string, Call>;

/** Every method that a driver of the family has. */
const METHODS = [VolumeDriver.prototype, RemoteFsDriver.prototype]
  .flatMap((prototype) => Object.getOwnPropertyNames(prototype))
  .filter((name, index, all) => name !== 'constructor' && all.indexOf(name) === index);
const IN_TIME = ['setup', 'recover', 'stats', 'teardown'];
const STREAMS = ['listManageable', 'findAdoptable'];

let logger: MemoryLogger;
let watch: ShareWatch;
let bad: FakeHeart;
let context: OperationContext;
beforeEach(() => {
  logger = new MemoryLogger();
  watch = new ShareWatch(logger);
  bad = new FakeHeart();
  watch.add('bad:/v', bad.heartbeat);
  context = createContext({ requestId: 'req-1', logger });
});

const watched = (methods: object): Calls => watchedDriver(methods as VolumeDriver, watch) as unknown as Calls;

describe('a watched driver', () => {
  it('is made of all there is', () => {
    expect(METHODS).toEqual(
      expect.arrayContaining([...IN_TIME, ...STREAMS, 'openDevice', 'adopt', 'planOf']),
    );
    expect(METHODS.length).toBeGreaterThan(22);
  });

  it.each(METHODS.filter((name) => !IN_TIME.includes(name) && !STREAMS.includes(name)))(
    'ends %s when a share that it uses hangs',
    async (name) => {
      const got: unknown[] = [];
      const driver = watched({
        [name]: async (inner: OperationContext, ...args: unknown[]) => {
          got.push(...args);
          watch.use(inner, 'bad:/v');
          await new Promise((_resolve, reject) => {
            inner.signal.addEventListener('abort', () => {
              got.push('cancelled');
              reject(inner.signal.reason as Error);
            });
          });
        },
      });
      bad.stop();
      await expect(driver[name]!(context, 1, 'two')).rejects.toMatchObject(HANGS);
      expect(got).toEqual([1, 'two', 'cancelled']);
    },
  );

  it.each(IN_TIME)('leaves %s, which ends in time, as it is', async (name) => {
    const call = deferred<string>();
    const driver = watched({
      [name]: async (inner: OperationContext) => {
        watch.use(inner, 'bad:/v');
        return call.promise;
      },
    });
    const ended = Promise.resolve(driver[name]!(context));
    bad.stop();
    await bad.hangs();
    call.resolve('in time');
    expect(await ended).toBe('in time');
  });

  it('is the driver in all else', async () => {
    class Driver {
      readonly version = 3;
      #secret = 'own';
      async createVolume(_context: OperationContext, name: string): Promise<string> {
        return Promise.resolve(`${this.#secret} ${name}`);
      }
    }
    const driver = watched(new Driver());
    expect(driver).toBeInstanceOf(Driver);
    expect([driver.version, driver.createClonedVolume, Reflect.get(driver, 'toString')]).toEqual([
      3,
      undefined,
      Reflect.get({}, 'toString'),
    ]);
    expect(await driver.createVolume!(context, 'x')).toBe('own x');
  });

  it('rejects where a method throws instead of rejecting', async () => {
    const driver = watched({
      createVolume: () => {
        throw new Error('at once');
      },
    });
    await expect(driver.createVolume!(context)).rejects.toThrow('at once');
  });
});

describe.each(STREAMS)('what %s gives', (name) => {
  function start(items: (inner: OperationContext) => AsyncIterable<unknown>): AsyncIterable<unknown> {
    return watched({ [name]: items })[name]!(context) as AsyncIterable<unknown>;
  }

  it('comes item by item', async () => {
    const items = start(async function* () {
      await delay(1);
      yield 1;
      yield 2;
    });
    expect(await collect(items)).toEqual([1, 2]);
  });

  it.each(['before its first item', 'after it'])('ends when a share that it uses hangs %s', async (when) => {
    const items = start(async function* (inner) {
      watch.use(inner, 'bad:/v');
      if (when === 'after it') yield 'first';
      bad.stop();
      await new Promise(() => undefined);
    })[Symbol.asyncIterator]();
    if (when === 'after it') expect(await items.next()).toEqual({ done: false, value: 'first' });
    await expect(items.next()).rejects.toMatchObject(HANGS);
    expect(await items.next()).toEqual({ done: true, value: undefined });
  });

  it('is ended by a reader who has seen enough, also where that hangs', async () => {
    const ended = deferred();
    const read = async (atEnd: () => Promise<unknown>): Promise<void> => {
      const items = start(async function* (inner) {
        watch.use(inner, 'bad:/v');
        try {
          yield 1;
          yield 2;
        } finally {
          await atEnd();
          ended.resolve();
        }
      });
      for await (const item of items) {
        expect(item).toBe(1);
        break;
      }
    };
    await read(async () => Promise.resolve());
    await ended.promise;
    const reading = read(async () => new Promise(() => undefined));
    bad.stop();
    await expect(reading).rejects.toMatchObject(HANGS);
  });
});

/** A device of which each call waits for the test. */
class SlowDevice implements Partial<BlockDevice> {
  readonly sizeBytes = 4096;
  readonly mode = 'read-write';
  readonly calls: string[] = [];
  call: Deferred<Buffer> = deferred<Buffer>();

  read = async (): Promise<Buffer> => this.#called('read');
  write = async (): Promise<void> => this.#done('write');
  zero = async (): Promise<void> => this.#done('zero');
  flush = async (): Promise<void> => this.#done('flush');
  close = async (): Promise<void> => this.#done('close');
  extents = (): AsyncIterable<DataExtent> => this.#stream('extents');
  changedExtents = (): AsyncIterable<DataExtent> => this.#stream('changedExtents');

  async #called(name: string): Promise<Buffer> {
    this.calls.push(name);
    return this.call.promise;
  }

  async #done(name: string): Promise<void> {
    await this.#called(name);
  }

  async *#stream(name: string): AsyncIterable<DataExtent> {
    await this.#called(name);
    yield { kind: 'data', offset: 0, length: 4096 };
  }
}

const CALLS: readonly [name: string, call: (device: BlockDevice) => Promise<unknown>, result: unknown][] = [
  ['read', async (device) => device.read(0, 1), Buffer.from('x')],
  ['write', async (device) => device.write(0, Buffer.alloc(1)), undefined],
  ['zero', async (device) => device.zero(0, 1), undefined],
  ['flush', async (device) => device.flush(), undefined],
  ['extents', async (device) => collect(device.extents()), [{ kind: 'data', offset: 0, length: 4096 }]],
  [
    'changedExtents',
    async (device) => collect(device.changedExtents('s')),
    [{ kind: 'data', offset: 0, length: 4096 }],
  ],
];

describe('a device', () => {
  let slow: SlowDevice;
  beforeEach(() => {
    slow = new SlowDevice();
  });

  async function open(): Promise<BlockDevice> {
    const driver = watched({
      openDevice: async (inner: OperationContext) => {
        watch.use(inner, 'bad:/v');
        return Promise.resolve(slow);
      },
    });
    return (await driver.openDevice!(context)) as BlockDevice;
  }

  it.each(CALLS)('does %s as the one behind it', async (name, call, result) => {
    const device = await open();
    expect([device.sizeBytes, device.mode]).toEqual([4096, 'read-write']);
    const ended = call(device);
    slow.call.resolve(Buffer.from('x'));
    expect(await ended).toEqual(result);
    expect(slow.calls).toEqual([name]);
  });

  it.each(CALLS)('ends %s when its share hangs, and begins it no more', async (name, call) => {
    const device = await open();
    const ended = call(device);
    bad.stop();
    await expect(ended).rejects.toMatchObject(HANGS);
    await expect(call(device)).rejects.toMatchObject(HANGS);
    expect(slow.calls).toEqual([name]);
  });

  it('ends its close, which goes on by itself', async () => {
    const device = await open();
    bad.stop();
    await expect(device.close()).rejects.toMatchObject(HANGS);
    const known = await open().catch((error: unknown) => error);
    expect(known).toMatchObject(HANGS);
    await expect(device[Symbol.asyncDispose]()).rejects.toMatchObject(HANGS);
    // Once for each: the two by hand, and the one that was opened too late.
    expect(slow.calls).toEqual(['close', 'close', 'close']);
  });

  it('that is opened too late is closed', async () => {
    const opening = deferred<SlowDevice>();
    const driver = watched({
      openDevice: async (inner: OperationContext) => {
        watch.use(inner, 'bad:/v');
        return opening.promise;
      },
    });
    const opened = driver.openDevice!(context);
    bad.stop();
    await expect(opened).rejects.toMatchObject(HANGS);
    expect(slow.calls).toEqual([]);
    bad.comeBack();
    opening.resolve(slow);
    slow.call.resolve(Buffer.alloc(0));
    await delay(1);
    expect(slow.calls).toEqual(['close']);
    expect(logger.lines.at(-1)?.message).toBe('an operation that was given up has ended after all');
  });
});
