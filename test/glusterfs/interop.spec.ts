import type { Snapshot, Volume } from '@scoria/core';
import { GIB, KIB, MIB, toGiB } from '@scoria/core';
import { makeSnapshot, withDevice } from '@scoria/testkit';
import { randomUUID } from 'node:crypto';
import type { Fill } from '../interop/byte-model.js';
import { ByteModel, digestOf, WINDOWS } from '../interop/byte-model.js';
import { CinderShare } from '../interop/cinder-share.js';
import { GlusterServer } from '../support/gluster-server.js';
import { GlusterBackend } from './gluster-backend.js';

/* OpenStack Cinder's own code for file-on-share drivers, and ours, on one mounted GlusterFS volume. */

let server: GlusterServer;
let ours: GlusterBackend;
let cinder: CinderShare;
let share: string;

beforeAll(async () => {
  server = await GlusterServer.start();
  share = await server.createVolume('interop', { bytes: 512 * MIB });
  ours = await GlusterBackend.start(server, { shares: share });
  cinder = await CinderShare.start({ base: ours.mountPointBase, share, unlimited: true });
});
afterAll(async () => {
  await cinder[Symbol.asyncDispose]();
  await ours[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const FILLS: readonly Fill[] = [0, 1, 2].map((index) => ({
  offset: index * 96 * KIB,
  length: 160 * KIB + 512,
  byte: 0x41 + index,
}));
const TAIL: Fill = { offset: WINDOWS[1]!.offset, length: 64 * KIB, byte: 0x7e };

/** The volume as it must read at each of its snapshots and now. */
class Points {
  readonly snapshots = new Map<string, ByteModel>();
  readonly now = ByteModel.empty(GIB);

  take(id: string): string {
    this.snapshots.set(id, this.now.copy());
    return id;
  }
}

async function ourDigests(object: Volume | Snapshot): Promise<string[]> {
  return withDevice(ours.driver, ours.context(), object, 'read-only', async (device) => {
    const digests: string[] = [];
    for (const { offset, length } of WINDOWS) {
      const end = Math.min(offset + length, device.sizeBytes);
      digests.push(digestOf(await device.read(offset, Math.max(0, end - offset))));
    }
    return digests;
  });
}

async function expectOurs(volume: Volume, points: Points): Promise<void> {
  expect(await ourDigests(volume)).toEqual(points.now.digests());
  for (const [id, model] of points.snapshots) {
    expect(await ourDigests(makeSnapshot(volume, { id }))).toEqual(model.digests());
  }
}

async function expectCinders(id: string, points: Points): Promise<void> {
  const ranges = WINDOWS.map(({ offset, length }) => [offset, length]);
  expect(await cinder.call('digests', { id, ranges })).toEqual(points.now.digests());
  for (const [snapshot_id, model] of points.snapshots) {
    expect(await cinder.call('digests', { snapshot_id, ranges })).toEqual(model.digests());
  }
}

async function cinderWrites(id: string, points: Points, fill: Fill): Promise<void> {
  await cinder.call('write', { id, ...fill });
  points.now.fill(fill);
}

async function weWrite(volume: Volume, points: Points, fill: Fill): Promise<void> {
  await ours.write(volume, fill.offset, Buffer.alloc(fill.length, fill.byte));
  points.now.fill(fill);
}

test('both have the same directory for the share', () => {
  expect(cinder.directory).toBe(ours.mountPoint(share));
});

test.each(['raw', 'qcow2'])('a %s volume that Cinder wrote is adopted, byte for byte', async (format) => {
  const id = randomUUID();
  const points = new Points();
  await cinder.call('create_volume', { id, size_gib: 1, format });
  await cinderWrites(id, points, TAIL);
  for (const fill of FILLS) {
    await cinderWrites(id, points, fill);
    await cinder.call('create_snapshot', { volume_id: id, id: points.take(randomUUID()) });
  }
  await cinderWrites(id, points, { offset: 512, length: 8 * KIB, byte: 0x55 });

  const volume = await ours.adopt(id);
  expect([volume.providerLocation, volume.sizeBytes]).toEqual([share, GIB]);
  await expectOurs(volume, points);
  const connection = await ours.connect(volume);
  const theirs = (await cinder.call('initialize_connection', { id })) as Record<string, unknown>;
  // Cinder says 'null' where a share has no options of its own.
  expect({ options: null, ...(connection.data as object) }).toEqual(theirs.data);
  expect([connection.driver_volume_type, connection.mount_point_base]).toEqual([
    'glusterfs',
    theirs.mount_point_base,
  ]);

  const [oldest] = points.snapshots.keys();
  await ours.deleteSnapshot(makeSnapshot(volume, { id: oldest! }));
  points.snapshots.delete(oldest!);
  await weWrite(volume, points, { ...TAIL, byte: 0x66 });
  await cinder.call('adopt', { id, size_gib: 1, format, snapshots: [...points.snapshots.keys()] });
  await expectCinders(id, points);
});

test.each(['raw', 'qcow2'])('a %s volume that we wrote is taken by Cinder, byte for byte', async (format) => {
  const options = { glusterfs_qcow2_volumes: format === 'qcow2' };
  const { mountPointBase } = ours;
  await using maker = await GlusterBackend.start(server, { shares: share, mountPointBase, options });
  const volume = await maker.createVolume(GIB);
  const { id } = volume;
  const points = new Points();
  for (const fill of FILLS) {
    await weWrite(volume, points, fill);
    await maker.snapshot(volume, points.take(randomUUID()));
  }
  await weWrite(volume, points, TAIL);
  const snapshots = [...points.snapshots.keys()];
  await cinder.call('adopt', { id, size_gib: toGiB(GIB), format, snapshots });
  await expectCinders(id, points);
  await cinder.call('delete_snapshot', { id: snapshots[1] });
  points.snapshots.delete(snapshots[1]!);
  await expectCinders(id, points);
  await expectOurs(volume, points);
});
