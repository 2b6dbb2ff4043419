import { LockManager } from '@scoria/core';
import { Container } from 'inversify';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { hostModule } from './host-module.js';

const support = new URL('./spec-support/', import.meta.url);

interface Child {
  readonly process: ChildProcess;
  /** What it has printed so far. */
  readonly lines: readonly string[];
  /** Resolves at the first line. */
  readonly begun: Promise<unknown>;
}

const children: Child[] = [];

function startChild(task: string, directory: string): Child {
  const loader = new URL('read-sources.mjs', support).href;
  const program = new URL('child-program.mjs', support).pathname;
  const process = spawn('node', ['--import', loader, program, task, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const reader = createInterface({ input: process.stdout });
  reader.on('line', (line) => lines.push(line));
  const ended = once(process, 'close').then(() => {
    throw new Error(`${task} has ended before it began`);
  });
  const child = { process, lines, begun: Promise.race([once(reader, 'line'), ended]) };
  children.push(child);
  return child;
}

/** Its program ends by itself after a while: it is started when it is needed, not before. */
async function startSleeper(task: string): Promise<{ child: Child; pid: number }> {
  const child = startChild(task, directory);
  await child.begun;
  const pid = Number(child.lines[0]);
  // The launchers before it say with whom it ends.
  while ((await readFile(`/proc/${pid}/comm`, 'utf8')) !== 'sleep\n') await delay(5);
  return { child, pid };
}

/** As a crash does; resolves when everything it had printed was read. */
async function kill({ process }: Child): Promise<void> {
  process.kill('SIGKILL');
  await once(process, 'close');
}

function createLocks(): LockManager {
  const container = new Container();
  container.load(hostModule());
  return container.get<LockManager>(LockManager);
}

/** One that is about to end has no memory any more: it closes what it has open before it is a zombie. */
async function isAlive(pid: number): Promise<boolean> {
  try {
    return /^VmSize:/m.test(await readFile(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

let directory: string;
let locks: LockManager;
let counters: readonly Child[];

const lockOf = (name: string) => ({ directory: join(directory, name), name: 'lock' });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'scoria-host-'));
  locks = createLocks();
  await writeFile(join(directory, 'counter'), '0'.padStart(10));
  // The first compiles the sources for all.
  const first = startChild('count', directory);
  await first.begun;
  counters = [first, ...Array.from({ length: 3 }, () => startChild('count', directory))];
  await Promise.all(counters.map(({ begun }) => begun));
}, 120_000);

afterAll(async () => {
  for (const { process } of children) process.kill('SIGKILL');
  await rm(directory, { recursive: true });
});

test('processes that are killed at any time never hold a lock together', async () => {
  for (const child of counters) {
    await delay(200);
    await kill(child);
  }
  const counted = counters.reduce((sum, { lines }) => sum + lines.length, 0);
  const written = Number(await readFile(join(directory, 'counter'), 'utf8'));
  // A child may be killed after it has counted, and before it says so.
  expect(written - counted).toBeGreaterThanOrEqual(0);
  expect(written - counted).toBeLessThanOrEqual(counters.length);
  await (await locks.acquire([lockOf('count')])).release();
  expect(await readdir(join(directory, 'count'))).toEqual([]);
});

const HOW: [how: string, prefix: string][] = [
  ['by it', ''],
  ['for it by another', 'isolated-'],
];

test.each(HOW)('a program that was started %s dies with a process', async (_how, prefix) => {
  const { child, pid } = await startSleeper(`${prefix}run-sleep`);
  await kill(child);
  await using _lock = await locks.acquire([lockOf(`${prefix}run-sleep`)], { timeoutMs: 15_000 });
  expect(await isAlive(pid)).toBe(false);
});

test.each(HOW)('one that was started %s and goes on keeps the lock', async (_how, prefix) => {
  const { child, pid } = await startSleeper(`${prefix}run-sleep-that-stays`);
  const lock = lockOf(`${prefix}run-sleep-that-stays`);
  await kill(child);
  const refusal = locks.acquire([lock], { timeoutMs: 0 });
  await expect(refusal).rejects.toThrow(/held by process \d+ \(gone; a program it started still runs\)/);
  expect(await isAlive(pid)).toBe(true);
  process.kill(pid);
  await using _lock = await locks.acquire([lock], { timeoutMs: 5000 });
  expect(await isAlive(pid)).toBe(false);
});

test('no program of a process that was killed runs beside those of the next', async () => {
  const found: string[] = [];
  const children = Array.from({ length: 2 }, () => startChild('isolated-run-many', directory));
  await Promise.all(children.map(({ begun }) => begun));
  for (const child of children) {
    await delay(50 + 100 * Math.random());
    await kill(child);
    found.push(...child.lines);
  }
  const name = lockOf('isolated-run-many');
  await using _lock = await locks.acquire([name], { timeoutMs: 5000 });
  expect(await isAlive(Number(await readFile(join(directory, 'owner'), 'utf8')))).toBe(false);
  expect(new Set(found)).toEqual(new Set(['nobody']));
});
