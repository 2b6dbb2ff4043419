import { LockManager } from '@scoria/core';
import { Container } from 'inversify';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostModule } from '../host-module.js';
import { HeldLocks } from './held-locks.js';

const container = new Container();
container.load(hostModule());
const locks = container.get<LockManager>(LockManager);
const heldLocks = container.get(HeldLocks);

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'scoria-held-'));
});
afterEach(() => rm(directory, { recursive: true }));

test('only what is held now is lent', async () => {
  const names = ['a', 'b', 'c'].map((name) => ({ directory, name }));
  const lock = await locks.acquire(names);
  expect(heldLocks.lend().fds).toHaveLength(3);
  await lock.release();
  expect(heldLocks.lend().fds).toEqual([]);
});

test.each<[directories: (base: string) => string[], names: string[]]>([
  [() => ['/'], ['a/x', 'ab/x']],
  [(base) => [base], ['a/x', 'ab/x']],
  [(base) => [join(base, 'a')], ['a/x']],
  [(base) => [join(base, 'a/')], ['a/x']],
  [(base) => [join(base, 'b'), join(base, 'ab')], ['ab/x']],
  [() => [], []],
])('to a program that works in %s the locks in there are lent', async (directories, names) => {
  const places = ['a', 'ab'].map((name) => ({ directory: join(directory, name), name: 'x' }));
  await using _lock = await locks.acquire(places);
  const { fds } = heldLocks.lend(directories(directory));
  const lent = fds.map((fd) => readlinkSync(`/proc/self/fd/${fd}`));
  expect(lent).toEqual(names.map((name) => join(directory, name)));
});

test.each<[what: string, abandon: boolean]>([
  ['a release frees a lock that a program has inherited', false],
  ['a release leaves a lock to a program that could not be killed', true],
])('%s', async (_what, abandon) => {
  const name = { directory, name: 'a' };
  const lock = await locks.acquire([name]);
  const lent = heldLocks.lend();
  const program = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', ...lent.fds] });
  await once(program, 'spawn');
  if (abandon) lent.abandon();
  const inside = locks.acquire([name], { timeoutMs: 150 });
  await lock.release();
  const free = await inside.then(
    async (taken) => taken.release().then(() => true),
    () => false,
  );
  expect(free).toBe(!abandon);
  program.kill();
  await once(program, 'close');
  await (await locks.acquire([name], { timeoutMs: 0 })).release();
});
