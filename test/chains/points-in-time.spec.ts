import { KIB, MIB } from '@scoria/core';
import type { Snapshot, Volume } from '@scoria/core';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { LocalBackend } from '../support/local-backend.js';

const SIZE = 2 * MIB;

let directory: string;
let local: LocalBackend;
afterEach(async () => {
  await local[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

async function start(format: string): Promise<void> {
  directory = await mkdtemp(path.join(tmpdir(), 'scoria-chains-'));
  local = await LocalBackend.start(directory, { options: { local_volume_format: format } });
}

/** A volume with `count` snapshots; before each, one more place is written, and one place is written over. */
async function history(
  count: number,
): Promise<{ volume: Volume; points: Map<Snapshot, Buffer>; now: Buffer }> {
  const volume = await local.createVolume(SIZE);
  const now = Buffer.alloc(SIZE);
  const points = new Map<Snapshot, Buffer>();
  for (let round = 0; round <= count; round += 1) {
    for (const offset of [0, round * 192 * KIB + 512]) {
      const data = Buffer.alloc(4 * KIB, 0x41 + round);
      await local.write(volume, offset, data);
      data.copy(now, offset);
    }
    if (round < count) points.set(await local.snapshot(volume), Buffer.from(now));
  }
  return { volume, points, now };
}

async function expectBytes(object: Volume | Snapshot, expected: Buffer): Promise<void> {
  const found = await local.read(object);
  expect(found.equals(expected)).toBe(true);
}

describe.each(['raw', 'qcow2'])('%s', (format) => {
  it.each([
    ['oldest', 0],
    ['middle', 1],
    ['newest', 2],
  ])('deleting the %s of three snapshots leaves the others at their point in time', async (_which, index) => {
    await start(format);
    const { volume, points, now } = await history(3);
    const doomed = [...points.keys()][index];
    if (doomed === undefined) throw new Error('there are three snapshots');
    await local.deleteSnapshot(doomed);
    points.delete(doomed);
    for (const [snapshot, bytes] of points) await expectBytes(snapshot, bytes);
    await expectBytes(volume, now);
  });

  it('reads a clone and a volume from each snapshot as their source was, zeroes behind', async () => {
    await start(format);
    const { volume, points, now } = await history(2);
    const tail = Buffer.alloc(SIZE);
    await expectBytes(await local.clone(volume, 2 * SIZE), Buffer.concat([now, tail]));
    for (const [snapshot, bytes] of points) {
      await expectBytes(await local.createFromSnapshot(snapshot, 2 * SIZE), Buffer.concat([bytes, tail]));
    }
  });

  it('merges a snapshot of a grown volume into a smaller file below', async () => {
    await start(format);
    const { volume, points, now } = await history(1);
    const grown = await local.extend(volume, 2 * SIZE);
    await local.write(grown, 2 * SIZE - 512, Buffer.alloc(512, 0x7a));
    const late = await local.snapshot(grown);
    const expected = Buffer.concat([now, Buffer.alloc(SIZE - 512), Buffer.alloc(512, 0x7a)]);
    for (const snapshot of [...points.keys(), late]) await local.deleteSnapshot(snapshot);
    await expectBytes(grown, expected);
    expect((await readdir(directory)).filter((name) => !name.startsWith('.'))).toEqual([
      `volume-${volume.id}`,
    ]);
  });

  it('reverts to the newest snapshot, and keeps the size and zeroes of a volume grown since', async () => {
    await start(format);
    const { volume, points } = await history(2);
    const [newest, bytes] = [...points].at(-1) ?? [];
    if (newest === undefined || bytes === undefined) throw new Error('there are two snapshots');
    const grown = await local.extend(volume, 2 * SIZE);
    await local.write(grown, 2 * SIZE - 512, Buffer.alloc(512, 0x7a));
    const reverted = await local.revert(grown, newest);
    await expectBytes(reverted, Buffer.concat([bytes, Buffer.alloc(SIZE)]));
    for (const [snapshot, then] of points) await expectBytes(snapshot, then);
  });
});

it('takes and deletes a snapshot of a chain 50 deep', async () => {
  await start('raw');
  const volume = await local.createVolume(SIZE);
  const snapshots: Snapshot[] = [];
  for (let depth = 0; depth < 50; depth += 1) snapshots.push(await local.snapshot(volume));
  await local.write(volume, 0, Buffer.alloc(512, 1));
  for (const snapshot of snapshots.slice(10, 40)) await local.deleteSnapshot(snapshot);
  const expected = Buffer.alloc(SIZE);
  expected.fill(1, 0, 512);
  await expectBytes(volume, expected);
});
