import { Container, Logger } from '@scoria/core';
import { hostModule } from '@scoria/host';
import type { VolumeManager } from '@scoria/manager';
import { createVolumeManager } from '@scoria/manager';
import { MemoryLogger, patternBytes } from '@scoria/testkit';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { programOf } from '../commands/run-program.js';
import { PostgresServer } from '../support/postgres-server.js';
import { CALLER, configurationOf, ended, read, write } from './managed.js';
import type { StoppingOrder } from './stopping-manager.js';

const GIB = 1024 ** 3;
const KIB = 1024;

let server: PostgresServer;
let directory: string;
let databaseUrl: string;
let managers: VolumeManager[] = [];

beforeAll(async () => {
  server = await PostgresServer.start();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'scoria-managed-'));
  databaseUrl = await server.database();
});
afterEach(async () => {
  await Promise.all(managers.map((manager) => manager.stop()));
  managers = [];
  await rm(directory, { recursive: true, force: true });
});

async function startManager(root?: Container): Promise<VolumeManager> {
  const configuration = configurationOf(directory, databaseUrl);
  const manager = await createVolumeManager(configuration, root === undefined ? {} : { root });
  managers.push(manager);
  await manager.start();
  await manager.settled();
  return manager;
}

async function filesLeft(): Promise<string[]> {
  return (await readdir(path.join(directory, 'volumes'))).filter((name) => name !== '.scoria');
}

/** A manager's process that is killed in the middle of an operation. */
async function killedAt(order: Pick<StoppingOrder, 'operation' | 'volume'>): Promise<void> {
  const whole: StoppingOrder = { directory, databaseUrl, ...order };
  const program = programOf('test/dist/postgres/stopping-manager.js');
  const child = spawn(process.execPath, [program, JSON.stringify(whole)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 60_000,
  });
  const exited = once(child, 'exit');
  const [said] = (await Promise.race([once(child.stdout, 'data'), exited])) as [unknown];
  child.kill('SIGKILL');
  await exited;
  expect(String(said)).toContain('holding at');
}

it('does the main job, byte by byte, and leaves nothing', async () => {
  const manager = await startManager();
  const [first, second] = [patternBytes(1, 64 * KIB), patternBytes(2, 64 * KIB)];
  const volume = await ended(manager.createVolume(CALLER, { name: 'data', sizeBytes: GIB }));
  await write(manager, volume.id, 0, first);
  await ended(manager.createSnapshot(CALLER, { volume: 'data', name: 'monday' }));
  await write(manager, volume.id, 32 * KIB, second);
  const copy = await ended(manager.createVolume(CALLER, { name: 'copy', fromSnapshot: 'monday' }));
  const clone = await ended(manager.createVolume(CALLER, { name: 'clone', fromVolume: 'data' }));
  expect((await read(manager, copy.id, 0, 64 * KIB)).equals(first)).toBe(true);
  const mixed = Buffer.concat([first.subarray(0, 32 * KIB), second]);
  expect((await read(manager, clone.id, 0, 96 * KIB)).equals(mixed)).toBe(true);

  await ended(manager.extendVolume(CALLER, clone.id, 3 * GIB));
  await write(manager, clone.id, 3 * GIB - 64 * KIB, first);
  expect((await read(manager, clone.id, 3 * GIB - 64 * KIB, 64 * KIB)).equals(first)).toBe(true);
  expect((await read(manager, clone.id, 0, 96 * KIB)).equals(mixed)).toBe(true);

  await ended(manager.revertVolume(CALLER, 'data', 'monday'));
  const reverted = Buffer.concat([first, Buffer.alloc(32 * KIB)]);
  expect((await read(manager, volume.id, 0, 96 * KIB)).equals(reverted)).toBe(true);
  const usage = Object.fromEntries(
    (await manager.quota('project')).map(({ resource, inUse }) => [resource, inUse]),
  );
  expect(usage).toEqual({ volumes: 3, snapshots: 1, gigabytes: 6 * GIB });

  for (const id of [copy.id, clone.id]) await ended(manager.deleteVolume(CALLER, id));
  await ended(manager.deleteVolume(CALLER, volume.id, { cascade: true }));
  expect(await manager.listVolumes(CALLER)).toEqual([]);
  expect((await manager.quota('project')).map(({ inUse }) => inUse)).toEqual([0, 0, 0]);
  expect(await filesLeft()).toEqual([]);
  expect(await manager.readiness()).toMatchObject({ ready: true, database: { ok: true } });
});

it('lets exactly one of two managers have what both want', async () => {
  const [one, other] = await Promise.all([startManager(), startManager()]);
  const data = patternBytes(3, 64 * KIB);
  for (let round = 1; round <= 5; round += 1) {
    const name = `data-${String(round)}`;
    const volume = await ended(one.createVolume(CALLER, { name, sizeBytes: GIB }));
    await write(other, volume.id, 0, data);
    const tries = await Promise.allSettled([
      ended(one.extendVolume(CALLER, volume.id, 2 * GIB)),
      ended(other.deleteVolume(CALLER, volume.id)),
    ]);
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    if (tries[0].status === 'fulfilled') {
      expect((await read(other, volume.id, 0, 64 * KIB)).equals(data)).toBe(true);
      expect(await other.getVolume(CALLER, volume.id)).toMatchObject({
        status: 'available',
        sizeBytes: 2 * GIB,
      });
      await ended(other.deleteVolume(CALLER, volume.id));
    }
    await expect(one.getVolume(CALLER, volume.id)).rejects.toMatchObject({ code: 'not-found' });
  }
  expect(await filesLeft()).toEqual([]);
  expect((await one.quota('project')).map(({ inUse }) => inUse)).toEqual([0, 0, 0]);
});

it('stops at the quota, whichever manager is asked', async () => {
  const [one, other] = await Promise.all([startManager(), startManager()]);
  await one.setQuota('project', 'volumes', 3);
  const tries = await Promise.allSettled(
    Array.from({ length: 8 }, (_, index) =>
      ended(
        (index % 2 === 0 ? one : other).createVolume(CALLER, { name: `v${String(index)}`, sizeBytes: GIB }),
      ),
    ),
  );
  const refused = tries.filter((one) => one.status === 'rejected');
  expect(refused).toHaveLength(5);
  for (const { reason } of refused) expect(reason).toMatchObject({ code: 'quota-exceeded' });
  expect(await one.listVolumes(CALLER)).toHaveLength(3);
});

it.each(['create-snapshot', 'delete-volume'] as const)(
  'has exactly one other manager deal with what a killed process left: %s',
  async (operation) => {
    const data = patternBytes(4, 64 * KIB);
    const first = await startManager();
    const volume = await ended(first.createVolume(CALLER, { name: 'data', sizeBytes: GIB }));
    await write(first, volume.id, 0, data);
    await first.stop();
    await killedAt({ operation, volume: volume.id });
    const others = await Promise.all([startManager(), startManager()]);
    const [stranded] = await others[0].listOperations({ limit: 1 });
    expect(stranded).toMatchObject({ kind: operation, takeovers: 1 });
    while ((await others[0].getOperation(stranded!.id)).outcome === 'running')
      await new Promise((resolve) => setTimeout(resolve, 50));
    if (operation === 'delete-volume') {
      expect(await others[1].listVolumes(CALLER)).toEqual([]);
      expect(await filesLeft()).toEqual([]);
      return;
    }
    expect(await others[1].getVolume(CALLER, volume.id)).toMatchObject({ status: 'available' });
    expect((await read(others[1], volume.id, 0, 64 * KIB)).equals(data)).toBe(true);
    await ended(others[1].deleteVolume(CALLER, volume.id, { cascade: true }));
    expect(await filesLeft()).toEqual([]);
  },
);

it('goes on when the server ends its sessions', async () => {
  const logger = new MemoryLogger();
  const root = new Container();
  root.load(hostModule({}));
  root.rebind<Logger>(Logger).toConstantValue(logger);
  const manager = await startManager(root);
  await ended(manager.createVolume(CALLER, { name: 'before', sizeBytes: GIB }));
  const sessions = await server.endSessions(databaseUrl);
  expect(sessions).toBeGreaterThan(1);
  // It tells of each once: of one as its own lock, of the others as connections.
  const told = /^(a connection to the database was|this process has) lost/;
  while (logger.lines.filter(({ message }) => told.test(message)).length < sessions)
    await new Promise((resolve) => setTimeout(resolve, 10));
  await ended(manager.createVolume(CALLER, { name: 'after', sizeBytes: GIB }));
  expect((await manager.listVolumes(CALLER)).map(({ status }) => status)).toEqual(['available', 'available']);
});
