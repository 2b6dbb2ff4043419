import type { BlockDevice, DeviceMode } from '../block-device.js';
import { DriverError } from '../errors.js';
import { GuardedDevice } from './guarded-device.js';

/** Notes what reaches it. */
class NotedDevice implements BlockDevice {
  readonly calls: string[] = [];
  readonly sizeBytes = 4096;

  constructor(readonly mode: DeviceMode) {}

  async read(_offset: number, length: number): Promise<Buffer> {
    this.calls.push('read');
    return Promise.resolve(Buffer.alloc(length));
  }
  async write(): Promise<void> {
    this.calls.push('write');
    return Promise.resolve();
  }
  async zero(): Promise<void> {
    this.calls.push('zero');
    return Promise.resolve();
  }
  async *extents(): AsyncGenerator<{ offset: number; length: number; kind: 'data' }> {
    this.calls.push('extents');
    yield await Promise.resolve({ offset: 0, length: 4096, kind: 'data' as const });
  }
  async *changedExtents(): AsyncGenerator<{ offset: number; length: number }> {
    this.calls.push('changedExtents');
    yield await Promise.resolve({ offset: 0, length: 512 });
  }
  async flush(): Promise<void> {
    this.calls.push('flush');
    return Promise.resolve();
  }
  async close(): Promise<void> {
    this.calls.push('close');
    return Promise.resolve();
  }
  async [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

async function codeOf(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
  } catch (error) {
    if (error instanceof DriverError) return error.code;
    throw error;
  }
  return 'done';
}

async function drained(items: AsyncIterable<unknown>): Promise<unknown> {
  return items[Symbol.asyncIterator]().next();
}

const CALLS: Record<string, (device: GuardedDevice) => Promise<unknown>> = {
  read: async (device) => device.read(0, 512),
  write: async (device) => device.write(0, Buffer.alloc(512)),
  zero: async (device) => device.zero(0, 512),
  extents: async (device) => drained(device.extents()),
  changedExtents: async (device) => drained(device.changedExtents('s')),
  flush: async (device) => device.flush(),
};

it.each<[DeviceMode, string, string]>([
  ...Object.keys(CALLS).map((name): [DeviceMode, string, string] => ['read-write', name, 'done']),
  ['read-only', 'read', 'done'],
  ['read-only', 'write', 'invalid-state'],
  ['read-only', 'zero', 'invalid-state'],
  ['read-only', 'extents', 'done'],
  ['read-only', 'flush', 'done'],
])('%s: %s is %s', async (mode, name, expected) => {
  const device = new NotedDevice(mode);
  expect(await codeOf(async () => CALLS[name]?.(new GuardedDevice(device, 'volume 1')))).toBe(expected);
  expect(device.calls).toEqual(expected === 'done' ? [name] : []);
});

it.each(Object.keys(CALLS))(
  '%s is refused once it is closed, and the driver is asked no more',
  async (name) => {
    const device = new NotedDevice('read-write');
    const guarded = new GuardedDevice(device, 'volume 1');
    await guarded.close();
    await guarded.close();
    expect(await codeOf(async () => CALLS[name]?.(guarded))).toBe('invalid-state');
    expect(device.calls).toEqual(['close']);
  },
);

it.each([
  [4096, 1],
  [4095, 2],
  [-1, 1],
  [0, -1],
  [0.5, 1],
  [0, 4097],
  [Number.MAX_SAFE_INTEGER, 1],
  [Number.NaN, 0],
])('a range at %d of %d bytes is refused by its numbers', async (offset, length) => {
  const device = new NotedDevice('read-write');
  const guarded = new GuardedDevice(device, 'volume 1');
  await expect(guarded.read(offset, length)).rejects.toThrow(/device of volume 1 has 4096 bytes, and not/);
  expect(await codeOf(async () => guarded.zero(offset, length))).toBe('invalid-input');
  expect(device.calls).toEqual([]);
});

it('ends at its last byte', async () => {
  const guarded = new GuardedDevice(new NotedDevice('read-write'), 'volume 1');
  expect(await guarded.read(4095, 1)).toHaveLength(1);
  expect(await guarded.read(4096, 0)).toHaveLength(0);
});

it('fills memory of the caller, also by a driver that has no use for it, and only if it fits', async () => {
  const device = new NotedDevice('read-only');
  const guarded = new GuardedDevice(device, 'volume v');
  const into = Buffer.alloc(16, 0xff);
  expect(await guarded.read(0, 16, into)).toBe(into);
  expect(into).toEqual(Buffer.alloc(16));
  await expect(guarded.read(0, 15, into)).rejects.toMatchObject({ code: 'invalid-input' });
  expect(device.calls).toEqual(['read']);
});
