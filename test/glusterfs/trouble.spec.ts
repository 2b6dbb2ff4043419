import { MIB } from '@scoria/core';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { GlusterServer } from '../support/gluster-server.js';
import type { Order } from './trouble/program.js';
import { findProcess, StoppedProcess } from './trouble/stopped-process.js';
import type { Answer } from './trouble/troubled-program.js';
import { TroubledProgram } from './trouble/troubled-program.js';

const run = promisify(execFile);

/** An operation on a share that hangs is over by then: it is known to hang after a second. */
const LIMIT_MS = 6_000;
const HANGS =
  /^the share 10\.77\.0\.1:\/hanging cannot be used: its file system gives no answer within 1 s; see whether its server/;

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

/** What is done on the share that answers without another program. */
async function useTheOther(seed: number): Promise<void> {
  expect((await order({ do: 'create', volume: 'elsewhere' })).result).toBe(other);
  expect(await order({ do: 'write', volume: 'elsewhere', seed })).toEqual({});
  expect(await order({ do: 'check', volume: 'elsewhere', seed })).toEqual({ result: true });
  expect(await order({ do: 'delete', volume: 'elsewhere' })).toEqual({});
  expect(await order({ do: 'stats' })).toEqual({ result: [other] });
}

/** All that a share is for besides. */
async function snapshotOnTheOther(seed: number): Promise<void> {
  expect((await order({ do: 'create', volume: 'elsewhere' })).result).toBe(other);
  expect(await order({ do: 'write', volume: 'elsewhere', seed })).toEqual({});
  expect(await order({ do: 'snapshot', snapshot: 'of elsewhere', volume: 'elsewhere' })).toEqual({});
  expect(await order({ do: 'write', volume: 'elsewhere', seed: seed + 1 })).toEqual({});
  const checked = await order({ do: 'check-snapshot', snapshot: 'of elsewhere', seed });
  expect(checked).toEqual({ result: true });
  expect(await order({ do: 'delete-snapshot', snapshot: 'of elsewhere' })).toEqual({});
  expect(await order({ do: 'check', volume: 'elsewhere', seed: seed + 1 })).toEqual({ result: true });
  expect(await order({ do: 'delete', volume: 'elsewhere' })).toEqual({});
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
      await useTheOther(5);
      await snapshotOnTheOther(6);
    }
    await expectWhole();
  });
});

/*
 * No program is started meanwhile: where a lock is held or a file is open on a share that hangs, the kernel keeps a
 * new process, and the one that starts it, waiting for that share.
 */
describe('a client that stands still in the middle of an operation', () => {
  it.each<[step: string, operation: Order]>([
    ['create ', { do: 'create', volume: 'new' }],
    ['create ', { do: 'snapshot', snapshot: 'second', volume: 'it' }],
    [': begin', { do: 'delete-snapshot', snapshot: 'first' }],
    ['copy ', { do: 'clone', volume: 'copy', source: 'it' }],
  ])('before "%s" of %j: as before one', async (step, operation) => {
    await prepare();
    const pid = await clientOf(hanging);
    {
      const paused = program.paused();
      await done({ do: 'pause-at', step });
      const ended = program.order(operation, 30_000);
      await paused;
      await using _stopped = await StoppedProcess.stop(pid);
      await done({ do: 'go-on' });
      const { failure } = await Promise.race([
        ended,
        delay(LIMIT_MS, { failure: 'it hangs' }, { ref: false }),
      ]);
      expect(failure).toMatch(HANGS);
      await useTheOther(7);
    }
    await expectWhole();
  });
});

it('a client that is killed is mounted again by itself', async () => {
  await prepare();
  process.kill(await clientOf(hanging), 'SIGKILL');
  expect(await done({ do: 'check', volume: 'it', seed: 2 })).toBe(true);
  await expectWhole();
});
