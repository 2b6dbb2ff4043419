import { closeSync, fstatSync, readlinkSync } from 'node:fs';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  makePipe,
  makeSocketPair,
  receiveDescriptors,
  sendDescriptors,
  socketHolding,
} from './descriptors.js';
import { tryFlock, unlockFlock } from './flock.js';
import { systemCode } from './system-error.js';

let directory: string;
let path: string;
let opened: number[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'scoria-descriptors-'));
  path = join(directory, 'file');
  opened = [];
});
afterEach(async () => {
  for (const descriptor of opened) closeSync(descriptor);
  await rm(directory, { recursive: true });
});

const kept = (descriptors: number[]): number[] => {
  opened.push(...descriptors);
  return descriptors;
};

function codeOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return systemCode(error);
  }
}

async function isLocked(): Promise<boolean> {
  await using file = await open(path, 'r+');
  return !(await tryFlock(file.fd, 'exclusive'));
}

/** The kernel lets go of what nobody has any more a moment later. */
async function isLockedInTheEnd(): Promise<boolean> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (!(await isLocked())) return false;
    await delay(10);
  }
  return true;
}

test.each([0, 1, 2, 253])('%d open files arrive together, and are others of the same', async (count) => {
  await using file = await open(path, 'w');
  const [mine, its] = kept(makeSocketPair()) as [number, number];
  sendDescriptors(mine, Array<number>(count).fill(file.fd));
  const received = kept(receiveDescriptors(its));
  expect(received.map((descriptor) => readlinkSync(`/proc/self/fd/${descriptor}`))).toEqual(
    Array(count).fill(path),
  );
  expect(new Set([...received, file.fd]).size).toBe(count + 1);
});

test('messages are kept apart, in their order', () => {
  const [mine, its] = kept(makeSocketPair()) as [number, number];
  const [read, write] = kept(makePipe()) as [number, number];
  sendDescriptors(mine, [read]);
  sendDescriptors(mine, [write, write]);
  const first = kept(receiveDescriptors(its));
  expect(first.map((descriptor) => fstatSync(descriptor).ino)).toEqual([fstatSync(read).ino]);
  expect(kept(receiveDescriptors(its))).toHaveLength(2);
});

test('nothing waits: not for a message, nor for a place for one, nor for who is gone', () => {
  const [mine, its] = makeSocketPair();
  kept([mine]);
  expect(codeOf(() => receiveDescriptors(its))).toBe('EAGAIN');
  const fill = () => {
    for (let sent = 0; sent < 10_000; sent += 1) sendDescriptors(mine, []);
  };
  expect(codeOf(fill)).toBe('EAGAIN');
  closeSync(its);
  // Something was left that it had not received.
  expect(codeOf(() => sendDescriptors(mine, []))).toBe('ECONNRESET');
  expect(codeOf(() => sendDescriptors(mine, []))).toBe('EPIPE');
  expect(codeOf(() => sendDescriptors(mine, [9999]))).toBe('EBADF');
});

describe('a socket that holds a locked file', () => {
  let file: FileHandle;
  let holder: number;
  beforeEach(async () => {
    file = await open(path, 'w');
    await tryFlock(file.fd, 'exclusive');
    holder = socketHolding([file.fd]);
  });

  test('keeps the lock until it is closed', async () => {
    await file.close();
    expect(await isLocked()).toBe(true);
    closeSync(holder);
    expect(await isLockedInTheEnd()).toBe(false);
  });

  test('keeps it also within a message that nobody receives', async () => {
    const [mine, its] = makeSocketPair();
    sendDescriptors(mine, [holder]);
    closeSync(holder);
    closeSync(mine);
    await file.close();
    expect(await isLocked()).toBe(true);
    closeSync(its);
    expect(await isLockedInTheEnd()).toBe(false);
  });

  test('does not keep what is unlocked', async () => {
    await unlockFlock(file.fd);
    expect(await isLocked()).toBe(false);
    await file.close();
    closeSync(holder);
  });
});

test('a socket holds more files than go into one message', async () => {
  await using file = await open(path, 'w');
  const holder = kept([socketHolding(Array<number>(300).fill(file.fd))])[0]!;
  expect(receivedCount(holder)).toBe(300);
});

function receivedCount(holder: number): number {
  return kept(receiveDescriptors(holder)).length + kept(receiveDescriptors(holder)).length;
}
