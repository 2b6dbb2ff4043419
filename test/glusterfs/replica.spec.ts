import { KIB, MIB } from '@scoria/core';
import type { Snapshot, Volume } from '@scoria/core';
import { patternBytes } from '@scoria/testkit';
import { setTimeout as sleep } from 'node:timers/promises';
import { GlusterServer } from '../support/gluster-server.js';
import { GlusterBackend } from './gluster-backend.js';

const SIZE = 4 * MIB;
const BRICK_BYTES = 256 * MIB;
const PATIENCE_MS = 60_000;

let server: GlusterServer;
beforeAll(async () => {
  server = await GlusterServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** What each volume and snapshot must read as. */
type Expected = Map<Volume | Snapshot, Buffer>;

/** Through a client of its own, so that no byte comes from a cache. */
async function expectBytes(share: string, expected: Expected): Promise<void> {
  await using fresh = await GlusterBackend.start(server, { shares: share });
  for (const [object, bytes] of expected) expect((await fresh.read(object)).equals(bytes)).toBe(true);
}

/** Until both bricks have all of the data. */
async function healed(volume: string): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const info = await server.gluster('volume', 'heal', volume, 'info');
    const pending = [...info.matchAll(/^Number of entries: (.*)$/gm)].map(([, count]) => count);
    if (pending.length === 2 && pending.every((count) => count === '0')) return;
    if (performance.now() > end) throw new Error(`the volume ${volume} is not healed: ${info}`);
    await server.gluster('volume', 'heal', volume).catch(() => ''); // a brick may still be coming up
    await sleep(500);
  }
}

interface History {
  readonly volume: Volume;
  readonly snapshots: readonly Snapshot[];
  readonly bytes: readonly Buffer[];
}

/** A volume with three snapshots, and what it read as at each and after them. */
async function history(backend: GlusterBackend): Promise<History> {
  const volume = await backend.createVolume(SIZE);
  const snapshots: Snapshot[] = [];
  const bytes: Buffer[] = [];
  let now = Buffer.alloc(SIZE);
  for (const seed of [1, 2, 3, 4]) {
    const data = patternBytes(seed, MIB + 512);
    await backend.write(volume, seed * 640 * KIB, data);
    now = Buffer.from(now);
    data.copy(now, seed * 640 * KIB);
    bytes.push(now);
    if (seed < 4) snapshots.push(await backend.snapshot(volume));
  }
  return { volume, snapshots, bytes };
}

test.each([
  ['raw', 'one', 0],
  ['qcow2', 'two', 1],
])('every byte of a %s volume survives the death of each brick in turn', async (format, name, first) => {
  const share = await server.createVolume(name, { replicas: 2, bytes: BRICK_BYTES });
  let steps = Infinity;
  const onStep = async (): Promise<void> => {
    steps -= 1;
    if (steps === 0) await server.killBrick(name, first);
  };
  const options = { glusterfs_qcow2_volumes: format === 'qcow2' };
  await using backend = await GlusterBackend.start(server, { shares: share, options, onStep });
  const { volume, snapshots, bytes } = await history(backend);
  const [oldest, middle, newest] = snapshots;

  steps = 2; // after the journal, before the merge
  await backend.deleteSnapshot(middle!);
  expect(steps).toBeLessThanOrEqual(0);
  const copy = await backend.clone(volume);
  const later = await backend.snapshot(volume);
  const last = Buffer.from(bytes[3]!);
  last.fill(0x77, 0, 64 * KIB);
  await backend.write(volume, 0, Buffer.alloc(64 * KIB, 0x77));
  const expected: Expected = new Map<Volume | Snapshot, Buffer>([
    [oldest!, bytes[0]!],
    [newest!, bytes[2]!],
    [later, bytes[3]!],
    [copy, bytes[3]!],
    [volume, last],
  ]);
  await expectBytes(share, expected);

  await server.gluster('volume', 'start', name, 'force');
  await healed(name);
  await server.killBrick(name, 1 - first);
  await expectBytes(share, expected);
});
