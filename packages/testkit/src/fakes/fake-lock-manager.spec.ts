import type { Lock, LockError, LockName } from '@scoria/core';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FakeLockManager } from './fake-lock-manager.js';

const name = (text: string, mode: LockName['mode'] = 'exclusive'): LockName => ({
  directory: '/locks',
  name: text,
  mode,
});

async function codeOf(wait: Promise<Lock>): Promise<string> {
  return wait.then(
    () => 'locked',
    (error: unknown) => (error as LockError).code,
  );
}

async function isPending(wait: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  return (await Promise.race([wait, nextTurn(pending)])) === pending;
}

describe('FakeLockManager', () => {
  let locks: FakeLockManager;
  beforeEach(() => {
    locks = new FakeLockManager();
  });

  it('gives an exclusive lock to one after the other, in their order', async () => {
    const first = await locks.acquire([name('a')]);
    const order: number[] = [];
    const waits = [1, 2].map(async (number) => {
      const lock = await locks.acquire([name('a')]);
      order.push(number);
      await lock.release();
    });
    expect(await isPending(Promise.all(waits))).toBe(true);
    await first.release();
    await first.release();
    await Promise.all(waits);
    expect(order).toEqual([1, 2]);
  });

  it('shares a shared lock, and lets nobody overtake who waits for it alone', async () => {
    const readers = [await locks.acquire([name('a', 'shared')]), await locks.acquire([name('a', 'shared')])];
    const writer = locks.acquire([name('a')]);
    const late = locks.acquire([name('a', 'shared')]);
    expect(await isPending(late)).toBe(true);
    for (const reader of readers) await reader.release();
    await (await writer).release();
    await (await late).release();
  });

  it('takes all names or none, whatever their order', async () => {
    const both = await locks.acquire([name('b'), name('a', 'shared'), name('a')]);
    expect(locks.heldNames).toEqual(['/locks/a', '/locks/b']);
    const waiting = locks.acquire([name('a'), name('c')]);
    await (await locks.acquire([name('d')])).release();
    expect(locks.heldNames).toEqual(['/locks/a', '/locks/b']);
    await both.release();
    await (await waiting).release();
    expect(locks.heldNames).toEqual([]);
  });

  it('ends a wait by its time, by its signal, or at once', async () => {
    const lock = await locks.acquire([name('a')]);
    expect(await codeOf(locks.acquire([name('a')], { timeoutMs: 0 }))).toBe('lock-timeout');
    expect(await codeOf(locks.acquire([name('a')], { timeoutMs: 1 }))).toBe('lock-timeout');
    const controller = new AbortController();
    const wait = codeOf(locks.acquire([name('a')], { signal: controller.signal }));
    controller.abort();
    expect(await wait).toBe('lock-cancelled');
    expect(await codeOf(locks.acquire([name('b')], { signal: controller.signal }))).toBe('lock-cancelled');
    await lock.release();
    expect(await codeOf(locks.acquire([name('a')], { timeoutMs: 0 }))).toBe('locked');
  });

  it('drops the locks of a killed process, whose calls never return', async () => {
    const doomed = locks.process('doomed');
    await doomed.acquire([name('a')]);
    const other = await locks.acquire([name('b')]);
    const waiting = doomed.acquire([name('b')], { timeoutMs: 5 });
    const survivor = locks.acquire([name('a')]);
    locks.killHolders('doomed');
    await (await survivor).release();
    await other.release();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await isPending(waiting.catch(() => undefined))).toBe(true);
    expect(await isPending(doomed.acquire([name('c')]))).toBe(true);
    expect(locks.heldNames).toEqual([]);
  });

  it.each([
    ['relative', 'a'],
    ['/locks', ''],
    ['/locks', '..'],
    ['/locks', 'a/b'],
  ])('refuses the name %s/%s', async (directory, text) => {
    expect(await codeOf(locks.acquire([{ directory, name: text }]))).toBe('lock-failed');
  });
});
