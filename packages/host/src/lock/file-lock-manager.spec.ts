import { type Lock, LockError, LockManager, type LockName } from '@scoria/core';
import { Container } from 'inversify';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hostModule } from '../host-module.js';

function createManager(lockTimeoutMs = 5000): LockManager {
  const container = new Container();
  container.load(hostModule({ lockTimeoutMs }));
  return container.get<LockManager>(LockManager);
}

let directory: string;
let here: LockManager;
/** As another process is: its locks are other open files. */
let elsewhere: LockManager;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'scoria-locks-'));
  here = createManager();
  elsewhere = createManager();
});
afterEach(() => rm(directory, { recursive: true }));

const exclusive = (name: string): LockName => ({ directory, name });
const shared = (name: string): LockName => ({ directory, name, mode: 'shared' });

async function isFree(manager: LockManager, ...names: LockName[]): Promise<boolean> {
  try {
    await using _lock = await manager.acquire(names, { timeoutMs: 0 });
    return true;
  } catch (error) {
    if (error instanceof LockError && error.code === 'lock-timeout') return false;
    throw error;
  }
}

async function failureOf(promise: Promise<unknown>): Promise<LockError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof LockError) return error;
  throw new Error('expected a LockError', { cause: error });
}

describe.each<[who: string, other: () => LockManager]>([
  ['the same process', () => here],
  ['another process', () => elsewhere],
])('against %s', (_who, other) => {
  test.each<[held: LockName[], wanted: LockName[], free: boolean]>(
    [
      [[exclusive('a')], [exclusive('a')], false],
      [[exclusive('a')], [shared('a')], false],
      [[shared('a')], [exclusive('a')], false],
      [[shared('a')], [shared('a')], true],
      [[exclusive('a')], [exclusive('b')], true],
      [[exclusive('a'), exclusive('b')], [shared('b')], false],
      [[shared('a'), exclusive('a')], [shared('a')], false],
      [[exclusive('a'), shared('a')], [shared('a')], false],
      [[shared('a'), shared('a')], [shared('a')], true],
      [[], [exclusive('a')], true],
    ].map(([held, wanted, free]) => [held, wanted, free] as [LockName[], LockName[], boolean]),
  )('while %j is held, %j is free: %s', async (held, wanted, free) => {
    const inDirectory = (names: LockName[]) => names.map((lock) => ({ ...lock, directory }));
    const lock = await here.acquire(inDirectory(held));
    expect(await isFree(other(), ...inDirectory(wanted))).toBe(free);
    await lock.release();
    expect(await isFree(other(), ...inDirectory(wanted))).toBe(true);
    expect(await readdir(directory)).toEqual([]);
  });

  test('a waiter gets the lock when it is released', async () => {
    const lock = await here.acquire([exclusive('a')]);
    const order: string[] = [];
    const waiting = other()
      .acquire([exclusive('a')])
      .then((next) => {
        order.push('acquired');
        return next;
      });
    await delay(50);
    order.push('released');
    await lock.release();
    await (await waiting).release();
    expect(order).toEqual(['released', 'acquired']);
    expect(await readdir(directory)).toEqual([]);
  });

  test('a wait ends with its time', async () => {
    await using _lock = await here.acquire([exclusive('a')]);
    const error = await failureOf(other().acquire([exclusive('a')], { timeoutMs: 60 }));
    expect(error.code).toBe('lock-timeout');
    expect(error.message).toMatch(
      /^the lock \S+\/a was not free within \d+(\.\d+)? ms; held by this process$/,
    );
    expect(error.details).toMatchObject({ name: 'a', heldBy: 'this process' });
  });

  test('a wait ends with its signal, and takes nothing', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const lock = await here.acquire([exclusive('b')]);
    const waiting = other().acquire([exclusive('a'), exclusive('b')], { signal: controller.signal });
    await delay(20);
    controller.abort(reason);
    expect(await failureOf(waiting)).toMatchObject({ code: 'lock-cancelled', cause: reason });
    // Its last try may still be under way, and have the lock for a moment.
    await (await here.acquire([exclusive('a')])).release();
    await lock.release();
    await (await here.acquire([exclusive('b')])).release();
  });
});

describe('within a process', () => {
  test('locks go to those who wait in the order they came', async () => {
    const order: number[] = [];
    const first = await here.acquire([exclusive('a')]);
    const others = [1, 2, 3, 4].map(async (number) => {
      await using _lock = await here.acquire([exclusive('a')]);
      order.push(number);
      await delay(1);
    });
    await first.release();
    await Promise.all(others);
    expect(order).toEqual([1, 2, 3, 4]);
  });

  test('many readers hold it at once, and a writer is not overtaken', async () => {
    const order: string[] = [];
    const hold = async (name: string, lock: LockName) => {
      await using _lock = await here.acquire([lock]);
      order.push(`+${name}`);
      await delay(10);
      order.push(`-${name}`);
    };
    await Promise.all([
      hold('r1', shared('a')),
      hold('r2', shared('a')),
      hold('w', exclusive('a')),
      hold('r3', shared('a')),
    ]);
    expect(order).toEqual(['+r1', '+r2', '-r1', '-r2', '+w', '-w', '+r3', '-r3']);
  });

  test('opposite orders do not end in a deadlock', async () => {
    const names = [exclusive('a'), exclusive('b'), exclusive('c')];
    const turns = Array.from({ length: 60 }, async (_, turn) => {
      const manager = turn % 2 === 0 ? here : elsewhere;
      await using _lock = await manager.acquire(turn % 3 === 0 ? names : names.toReversed());
    });
    await Promise.all(turns);
    expect(await readdir(directory)).toEqual([]);
  });

  test('a lock that is long wanted here is offered to other processes', async () => {
    const lock = await here.acquire([exclusive('a')]);
    const outside = elsewhere.acquire([exclusive('a')]);
    const inside = here.acquire([exclusive('a')]);
    await delay(1100);
    const order: string[] = [];
    const done = [
      outside.then(async (won: Lock) => {
        order.push('outside');
        await won.release();
      }),
      inside.then(async (won: Lock) => {
        order.push('inside');
        await won.release();
      }),
    ];
    await lock.release();
    await Promise.all(done);
    expect(order).toEqual(['outside', 'inside']);
  });

  test('a lock can be released twice', async () => {
    const lock = await here.acquire([exclusive('a')]);
    await lock.release();
    await using _next = await here.acquire([exclusive('a')]);
    await lock.release();
    expect(await isFree(here, exclusive('a'))).toBe(false);
  });

  test('a wait that was cancelled before it began takes nothing', async () => {
    const signal = AbortSignal.abort(new Error('no'));
    expect(await failureOf(here.acquire([exclusive('a')], { signal }))).toMatchObject({
      code: 'lock-cancelled',
    });
    expect(await readdir(directory)).toEqual([]);
  });
});

describe('lock files', () => {
  test('are made with the directory they are in', async () => {
    const deep = join(directory, 'not', 'yet');
    const lock = await here.acquire([{ directory: deep, name: 'a' }]);
    expect(existsSync(join(deep, 'a'))).toBe(true);
    await lock.release();
  });

  test.each<[why: string, prepare: (path: string) => Promise<unknown>]>([
    ['a symbolic link', (path) => symlink('/etc/hostname', path)],
    ['a directory', (path) => mkdir(path)],
  ])('are never %s', async (_why, prepare) => {
    await prepare(join(directory, 'a'));
    expect(await failureOf(here.acquire([exclusive('a')]))).toMatchObject({ code: 'lock-failed' });
    expect(await readdir(directory)).toEqual(['a']);
  });

  test('that someone removed and made anew are left to their new owner', async () => {
    const lock = await here.acquire([exclusive('a')]);
    await rm(join(directory, 'a'));
    await using _other = await elsewhere.acquire([exclusive('a')]);
    await lock.release();
    expect(await isFree(here, exclusive('a'))).toBe(false);
  });

  test.each(['', '.', '..', 'a/b', '/a', 'a\0', 'x'.repeat(256)])('cannot be named %j', async (name) => {
    expect(await failureOf(here.acquire([exclusive(name)]))).toMatchObject({ code: 'lock-failed' });
  });

  test('are in absolute directories only', async () => {
    const error = await failureOf(here.acquire([{ directory: 'locks', name: 'a' }]));
    expect(error.message).toContain("must be an absolute path, got 'locks'");
  });
});
