import { MIB } from '@scoria/core';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { GlusterServer } from '../support/gluster-server.js';
import { CutNetwork } from './trouble/cut-network.js';
import type { Order } from './trouble/program.js';
import { findProcess, StoppedProcess } from './trouble/stopped-process.js';
import type { Answer } from './trouble/troubled-program.js';
import { TroubledProgram } from './trouble/troubled-program.js';

const run = promisify(execFile);

/** An operation on a share that hangs is over by then: it is known to hang after three seconds. */
const LIMIT_MS = 9_000;
/** For how long the process may do nothing at the most: on a busy machine, not on a share. */
const LONGEST_DELAY_MS = 1_000;
/** When the share is known to hang, a program is asked to end for two seconds, and waited for five more. */
const UNTIL_GIVEN_UP_MS = 10_000;
const HANGS =
  /^the share 10\.77\.0\.1:\/hanging cannot be used: its file system gives no answer within 3 s; see whether its server/;

let server: GlusterServer;
let hanging: string;
let other: string;
let directory: string;
let program: TroubledProgram;
beforeAll(async () => {
  server = await GlusterServer.start();
  // New volumes go to the larger one.
  hanging = await server.createVolume('hanging', { bytes: 256 * MIB });
  other = await server.createVolume('other', { bytes: 128 * MIB });
  for (const name of ['hanging', 'other']) {
    await server.gluster('volume', 'set', name, 'performance.stat-prefetch', 'off');
  }
  directory = await mkdtemp(path.join(server.directory, 'trouble-'));
  program = await TroubledProgram.start();
  await done({ do: 'start', directory, network: server.network, shares: [hanging, other] });
});
afterAll(async () => {
  await program[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const mountPoint = (share: string): string =>
  path.join(directory, 'mnt', createHash('md5').update(share).digest('hex'));

async function order(what: Order): Promise<Answer> {
  return program.order(what, LIMIT_MS);
}

/** For what is to succeed. */
async function done(what: Order): Promise<unknown> {
  const { result, failure } = await program.order(what, 30_000);
  if (failure !== undefined) throw new Error(`${JSON.stringify(what)}: ${failure}`);
  return result;
}

/** Until it succeeds, as whoever asks again and again finds out. */
async function eventually(what: Order): Promise<void> {
  for (let tries = 0; tries < 60; tries += 1) {
    const { failure } = await program.order(what, 30_000);
    if (failure === undefined) return;
    expect(failure).toMatch(HANGS);
    await delay(100);
  }
  throw new Error(`${JSON.stringify(what)} does not succeed any more`);
}

/** What is under way on the hanging share, or left from what was: none of the names are of a volume. */
async function leftOvers(): Promise<string[]> {
  const hidden = path.join(mountPoint(hanging), '.scoria');
  const places = [path.join(hidden, 'journal'), path.join(hidden, 'tmp')];
  const { stdout } = await run('find', [...places, '-type', 'f'], { timeout: 10_000 });
  return stdout.split('\n').filter((line) => line !== '');
}

/** All that a volume is for; the snapshot takes programs, which are started under locks. */
async function useVolume(create: Order, where: unknown, seed: number): Promise<void> {
  const { volume } = create as { volume: string };
  const snapshot = `of ${volume}`;
  expect((await order(create)).result).toEqual(where);
  expect(await order({ do: 'write', volume, seed })).toEqual({});
  expect(await order({ do: 'snapshot', snapshot, volume })).toEqual({});
  expect(await order({ do: 'write', volume, seed: seed + 1 })).toEqual({});
  expect(await order({ do: 'check-snapshot', snapshot, seed })).toEqual({ result: true });
  expect(await order({ do: 'delete-snapshot', snapshot })).toEqual({});
  expect(await order({ do: 'check', volume, seed: seed + 1 })).toEqual({ result: true });
  expect(await order({ do: 'delete', volume })).toEqual({});
}

/** What the same process can do all the same. */
async function useTheLocal(seed: number): Promise<void> {
  await useVolume({ do: 'create', volume: 'here', on: 'local' }, path.join(directory, 'local'), seed);
}

async function useTheOthers(seed: number): Promise<void> {
  await Promise.all([useTheLocal(seed), useVolume({ do: 'create', volume: 'elsewhere' }, other, seed)]);
  expect(await order({ do: 'stats' })).toEqual({ result: [other] });
}

/** It has done something all the time. */
async function expectNoDelay(): Promise<void> {
  expect((await order({ do: 'longest-delay' })).result).toBeLessThan(LONGEST_DELAY_MS);
}

/** A volume on the share with a snapshot below its data. */
async function prepare(): Promise<void> {
  expect(await done({ do: 'create', volume: 'it' })).toBe(hanging);
  await done({ do: 'write', volume: 'it', seed: 1 });
  await done({ do: 'snapshot', snapshot: 'first', volume: 'it' });
  await done({ do: 'write', volume: 'it', seed: 2 });
}

/** All is as if nothing had been, without anybody having mended anything. */
async function expectWhole(): Promise<void> {
  await eventually({ do: 'snapshot', snapshot: 'later', volume: 'it' });
  expect(await done({ do: 'check-snapshot', snapshot: 'later', seed: 2 })).toBe(true);
  expect(await done({ do: 'check', volume: 'it', seed: 2 })).toBe(true);
  await done({ do: 'delete-snapshot', snapshot: 'later' });
  await eventually({ do: 'delete-snapshot', snapshot: 'first' });
  expect(await done({ do: 'check', volume: 'it', seed: 2 })).toBe(true);
  await done({ do: 'delete', volume: 'it' });
  expect(await done({ do: 'stats' })).toEqual([hanging, other]);
  for (let tries = 0; tries < 50 && (await leftOvers()).length > 0; tries += 1) await delay(100);
  expect(await leftOvers()).toEqual([]);
}

const clientOf = async (share: string): Promise<number> =>
  findProcess(['--process-name', 'fuse'], mountPoint(share));
const brickOf = async (name: string): Promise<number> => findProcess(['--brick-name', server.brick(name, 0)]);

describe.each([
  ['a client', async () => clientOf(hanging)],
  ['a brick', async () => brickOf('hanging')],
])('%s that stands still', (_what, find) => {
  it('before an operation: that one ends in time, the other share works, and all is well afterwards', async () => {
    await prepare();
    const pid = await find();
    await done({ do: 'reset-delays' });
    {
      await using _stopped = await StoppedProcess.stop(pid);
      const orders: Order[] = [
        { do: 'snapshot', snapshot: 'x', volume: 'it' },
        { do: 'delete-snapshot', snapshot: 'first' },
        { do: 'check', volume: 'it', seed: 2 },
        { do: 'clone', volume: 'copy', source: 'it' },
        { do: 'delete', volume: 'it' },
      ];
      for (const { failure } of await Promise.all(orders.map(order))) expect(failure).toMatch(HANGS);
      await useTheOthers(5);
    }
    await expectNoDelay();
    await expectWhole();
  });
});

/** What is cut off in the middle: before a step that starts a program under the lock of the volume, or none. */
const OPERATIONS: readonly [step: string, operation: Order][] = [
  ['create ', { do: 'create', volume: 'new' }],
  ['create ', { do: 'snapshot', snapshot: 'second', volume: 'it' }],
  [': begin', { do: 'delete-snapshot', snapshot: 'first' }],
  ['commit ', { do: 'delete-snapshot', snapshot: 'first' }],
  ['copy ', { do: 'clone', volume: 'copy', source: 'it' }],
];

async function cutOffAt(
  step: string,
  operation: Order,
  stop: () => Promise<AsyncDisposable>,
): Promise<AsyncDisposable> {
  const paused = program.paused();
  await done({ do: 'pause-at', step });
  const ended = program.order(operation, 30_000);
  await paused;
  await done({ do: 'reset-delays' });
  const stopped = await stop();
  await done({ do: 'go-on' });
  const late = delay(LIMIT_MS, { failure: 'it hangs' }, { ref: false });
  expect((await Promise.race([ended, late])).failure).toMatch(HANGS);
  return stopped;
}

describe('a client that stands still in the middle of an operation', () => {
  it.each(OPERATIONS)('before "%s" of %j: as before one', async (step, operation) => {
    await prepare();
    const pid = await clientOf(hanging);
    {
      await using _stopped = await cutOffAt(step, operation, async () => StoppedProcess.stop(pid));
      await useTheOthers(7);
      await expectNoDelay();
    }
    await expectWhole();
  });
});

it('a program may be started on a share that hangs already', async () => {
  await prepare();
  await done({ do: 'snapshot', snapshot: 'second', volume: 'it' });
  const pid = await clientOf(hanging);
  {
    const stop = async (): Promise<StoppedProcess> => StoppedProcess.stop(pid);
    const cutOff = cutOffAt('point ', { do: 'delete-snapshot', snapshot: 'first' }, stop);
    const seen = new Set<string>();
    const watching = setInterval(() => program.programs().forEach((name) => seen.add(name)), 20);
    await using _stopped = await cutOff.finally(() => clearInterval(watching));
    expect([...seen]).toContain('qemu-img');
    await useTheOthers(7);
    await expectNoDelay();
  }
  await eventually({ do: 'delete-snapshot', snapshot: 'second' });
  await expectWhole();
});

it('a program that cannot be killed keeps what is locked on its share, and nothing else', async () => {
  await prepare();
  await done({ do: 'create', volume: 'kept', on: 'local' });
  await done({ do: 'open', volume: 'kept' });
  // By a program, as it has a snapshot.
  await done({ do: 'open', volume: 'it' });
  const pid = await clientOf(hanging);
  {
    await using _stopped = await StoppedProcess.stop(pid);
    const closed = program.order({ do: 'close', volume: 'it' }, 30_000);
    await delay(UNTIL_GIVEN_UP_MS);
    expect(await order({ do: 'close', volume: 'kept' })).toEqual({});
    expect(await order({ do: 'delete', volume: 'kept' })).toEqual({});
    await useTheOthers(7);
    await closed;
  }
  await expectWhole();
});

describe('the network of all shares that is cut in the middle of an operation', () => {
  it('leaves what is in a directory of this machine', async () => {
    await prepare();
    {
      const cut = async (): Promise<AsyncDisposable> => CutNetwork.cut(server.network);
      await using _cut = await cutOffAt('create ', { do: 'snapshot', snapshot: 'second', volume: 'it' }, cut);
      await useTheLocal(7);
      await expectNoDelay();
    }
    await expectWhole();
  });
});

it('there is another process that starts programs as soon as nothing is open on a share', async () => {
  const echo: Order = { do: 'run', command: 'echo', args: ['it'] };
  const untilNoticed = /^echo (is not known to have ended|was killed)/;
  await prepare();
  await done({ do: 'open', volume: 'it' });
  process.kill(program.starter(), 'SIGKILL');
  let { failure } = await order(echo);
  for (let tries = 0; tries < 50 && untilNoticed.test(failure ?? ''); tries += 1) {
    await delay(100);
    ({ failure } = await order(echo));
  }
  expect(failure).toContain(
    'echo was not started: the process that starts programs has ended, and another one can',
  );
  expect(failure).toContain(` as ${mountPoint(hanging)}/`);
  await done({ do: 'close', volume: 'it' });
  expect(await order(echo)).toEqual({ result: 'it\n' });
  await expectWhole();
});

it('a client that is killed is mounted again by itself', async () => {
  await prepare();
  process.kill(await clientOf(hanging), 'SIGKILL');
  expect(await done({ do: 'check', volume: 'it', seed: 2 })).toBe(true);
  await expectWhole();
});

it('a program that outlives its process keeps the lock that it was started under', async () => {
  const lock = { directory: mountPoint(hanging), name: 'kept' };
  const pid = Number(await done({ do: 'run-that-stays', lock }));
  // What it is until then ends with its process.
  while ((await readFile(`/proc/${String(pid)}/comm`, 'utf8')) !== 'sleep\n') await delay(10);
  await program[Symbol.asyncDispose]();
  program = await TroubledProgram.start();
  await done({ do: 'start', directory, network: server.network, shares: [hanging, other] });
  expect(await done({ do: 'is-free', lock })).toBe(false);
  process.kill(pid, 'SIGKILL');
  let isFree: unknown = false;
  for (let tries = 0; tries < 50 && isFree === false; tries += 1) {
    await delay(100);
    isFree = await done({ do: 'is-free', lock });
  }
  expect(isFree).toBe(true);
});
