import { jest } from '@jest/globals';
import { CommandError, type CommandRequest, CommandRunner, LockManager } from '@scoria/core';
import { Container } from 'inversify';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { signalGroup } from '../command/signal-group.js';
import { hostModule } from '../host-module.js';
import { ProgramStarters } from './program-starters.js';

const SETPRIV = '/usr/bin/setpriv';

let starters: ProgramStarters;
let runner: CommandRunner;
let locks: LockManager;
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'scoria-starter-'));
  starters = new ProgramStarters();
  const container = createHost(200);
  runner = container.get<CommandRunner>(CommandRunner);
  locks = container.get<LockManager>(LockManager);
  await runner.isolate();
});
afterEach(async () => {
  signalStarter('SIGKILL');
  await rm(directory, { recursive: true });
});

function createHost(killGraceMs: number): Container {
  const container = new Container();
  container.load(hostModule({ killGraceMs }));
  container.rebind(ProgramStarters).toConstantValue(starters);
  return container;
}

function signalStarter(signal: NodeJS.Signals): void {
  const pid = starters.current(SETPRIV)?.pid;
  if (pid !== undefined) process.kill(pid, signal);
}

/** It goes on for a while on a busy machine when it is told to stop. */
async function stopStarter(): Promise<void> {
  signalStarter('SIGSTOP');
  const status = `/proc/${starters.current(SETPRIV)?.pid}/status`;
  while (!/^State:\s+T/m.test(await readFile(status, 'utf8'))) await delay(1);
}

const sh = (script: string, more: Partial<CommandRequest> = {}): CommandRequest => ({
  command: 'sh',
  args: ['-c', script],
  timeoutMs: 10_000,
  ...more,
});

async function failureOf(promise: Promise<unknown>): Promise<CommandError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof CommandError) return error;
  throw new Error('expected a CommandError', { cause: error });
}

/** One that is about to end has no memory any more: it closes what it has open before it is a zombie. */
async function isAlive(pid: number): Promise<boolean> {
  try {
    return /^VmSize:/m.test(await readFile(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function isFree(name: string, timeoutMs = 0): Promise<boolean> {
  try {
    await using _lock = await locks.acquire([{ directory, name }], { timeoutMs });
    return true;
  } catch {
    return false;
  }
}

const echo = async () => (await runner.run(sh('echo it'))).stdout;

test('programs are children of the starter, in order and together', async () => {
  const { stdout: parent } = await runner.run(sh('ps -o ppid= $$'));
  expect(Number(parent)).toBe(starters.current(SETPRIV)?.pid);
  const numbers = Array.from({ length: 150 }, (_, number) => number);
  const run = async (number: number) =>
    (await runner.run({ ...sh('cat'), input: Buffer.from(String(number)) })).stdout;
  expect(await Promise.all(numbers.map(run))).toEqual(numbers.map(String));
});

test('megabytes go both ways', async () => {
  const input = Buffer.alloc(15 << 20, 'abcdefg');
  const { stdout } = await runner.run(sh('cat', { input }));
  expect(stdout === input.toString()).toBe(true);
});

test('a program has nothing of those that are started with it, and of a lock only a socket', async () => {
  await using _lock = await locks.acquire([{ directory, name: 'a' }]);
  const look = sh('readlink /proc/$$/fd/*; sleep 0.2');
  const looks = await Promise.all(Array.from({ length: 8 }, async () => runner.run(look)));
  const open = looks.map(({ stdout }) => stdout.split('\n').filter((target) => /^(socket|\/)/.test(target)));
  expect(open.map((targets) => targets.map((target) => target.replace(/:.*/, '')))).toEqual(
    looks.map(() => ['/dev/null', 'socket']),
  );
  const pipes = looks.map(({ stdout }) => stdout.split('\n').filter((target) => target.startsWith('pipe:')));
  const own = pipes.map((targets) => targets.slice(0, 2)).flat();
  expect(new Set(own).size).toBe(2 * looks.length);
  for (const targets of pipes) expect(targets.filter((target) => own.includes(target))).toHaveLength(2);
});

describe('a starter that is killed', () => {
  test('takes its programs with it, and what they have started, and the next one starts others', async () => {
    const { result, pid } = await runner.start(sh('sleep 30 & echo $!; wait'));
    const { result: other } = await runner.start(sh('sleep 30; sleep 30'));
    signalStarter('SIGKILL');
    for (const lost of [result, other]) {
      const { code, message } = await failureOf(lost);
      expect([code, message]).toEqual([
        'command-killed',
        'sh was killed: the process that starts programs has ended (SIGKILL)',
      ]);
    }
    expect(await isAlive(pid)).toBe(false);
    expect(await echo()).toBe('it\n');
  });

  test('frees what its programs had locked once it is released', async () => {
    const lock = await locks.acquire([{ directory, name: 'a' }]);
    const { result } = await runner.start(sh('sleep 30'));
    signalStarter('SIGKILL');
    await failureOf(result);
    await lock.release();
    expect(await isFree('a')).toBe(true);
  });

  test.each([0, 0, 1, 2, 3, 5, 8, 13])(
    'after %d ms: a lock is free when no program is there that was started under it, and not before',
    async (afterMs) => {
      await echo();
      const lock = await locks.acquire([{ directory, name: 'a' }]);
      const owners = join(directory, 'owners');
      const programs = Array.from({ length: 4 }, async () =>
        failureOf(runner.run(sh(`echo $$ >> ${owners}; exec sleep 30`))),
      );
      await delay(afterMs);
      signalStarter('SIGKILL');
      for (const { code, message } of await Promise.all(programs)) {
        expect(code).toBe('command-killed');
        expect(message).toMatch(
          /^sh (was killed|is not known to have ended): the process that starts programs has ended/,
        );
      }
      await lock.release();
      await killUntilFree('a', owners);
      expect(await aliveOf(owners)).toEqual([]);
      // One that does not hold it may not have said yet who it is.
      await delay(50);
      expect(await aliveOf(owners)).toEqual([]);
      expect(await echo()).toBe('it\n');
    },
  );
});

/** One that was not to be found yet by who ends programs, and not under way to die by itself, goes on. */
async function killUntilFree(name: string, owners: string): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await isFree(name))) {
    const alive = await aliveOf(owners);
    if (performance.now() > end) throw new Error(`${name} is not free; alive: ${alive.join(', ')}`);
    for (const pid of alive) signalGroup(pid, 'SIGKILL');
    await delay(5);
  }
}

async function aliveOf(owners: string): Promise<number[]> {
  const pids = existsSync(owners) ? (await readFile(owners, 'utf8')).trim().split('\n').map(Number) : [];
  const alive = await Promise.all(pids.map(isAlive));
  return pids.filter((_, index) => alive[index]);
}

describe('a starter that stands still', () => {
  afterEach(() => signalStarter('SIGCONT'));

  test('holds nobody for longer than his limit, and what it starts later ends at once', async () => {
    await echo();
    const lock = await locks.acquire([{ directory, name: 'a' }]);
    await stopStarter();
    const owners = join(directory, 'owners');
    const { code, message, details } = await failureOf(
      runner.run(sh(`echo $$ >> ${owners}; exec sleep 30`, { timeoutMs: 100 })),
    );
    expect([code, message]).toEqual([
      'command-timeout',
      'sh did not end within 100 ms and could not be killed; it is still running',
    ]);
    expect(details.stillRunning).toBe(true);
    await lock.release();
    expect(await isFree('a')).toBe(false);
    signalStarter('SIGCONT');
    expect(await isFree('a', 20_000)).toBe(true);
    expect(await echo()).toBe('it\n');
    expect(await aliveOf(owners)).toEqual([]);
  });

  test('has what it starts while its end is waited for ended too', async () => {
    const lock = await locks.acquire([{ directory, name: 'a' }]);
    await stopStarter();
    const late = failureOf(runner.run(sh('exec sleep 30', { timeoutMs: 100 })));
    // Longer than until it would have been killed.
    await delay(1000);
    signalStarter('SIGCONT');
    expect((await late).details.stillRunning).toBe(true);
    await lock.release();
    expect(await isFree('a', 10_000)).toBe(true);
  });

  test('ends what is asked to end', async () => {
    const patient = createHost(20_000).get<CommandRunner>(CommandRunner);
    await using running = await patient.start(sh('sleep 30'));
    await stopStarter();
    const order = jest.spyOn(starters.current(SETPRIV)!, 'start');
    const controller = new AbortController();
    const cancelled = failureOf(patient.run(sh('sleep 30', { signal: controller.signal })));
    while (order.mock.calls.length === 0) await nextTurn();
    controller.abort(new Error('enough'));
    await delay(50);
    signalStarter('SIGCONT');
    const { code, message, details } = await cancelled;
    expect([code, message]).toEqual(['command-cancelled', 'sh was cancelled and was killed']);
    expect(details.signal).toBe('SIGTERM');
    await running.stop();
    expect(await isAlive(running.pid)).toBe(false);
  });
});

test('signals that come to the whole group are left to who has started it', async () => {
  expect(await echo()).toBe('it\n');
  const before = starters.current(SETPRIV)?.pid;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) signalStarter(signal);
  expect(await echo()).toBe('it\n');
  expect(starters.current(SETPRIV)?.pid).toBe(before);
});
