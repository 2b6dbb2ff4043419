import { applyUpdate, GIB, KIB } from '@scoria/core';
import { collect, makeVolume } from '@scoria/testkit';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { WINDOWS } from './byte-model.js';
import { InteropShare } from './interop-share.js';
import { nfsBackend } from './nfs-backend.js';
import { SharedVolume } from './shared-volume.js';
import { someOf } from '../support/some-of.js';

const TAIL = WINDOWS[1]!.offset;

let share: InteropShare;
beforeAll(async () => {
  share = await InteropShare.start('qcow2');
});
afterAll(() => share[Symbol.asyncDispose]());

/** Cinder's volume with data of its own for each point in time, overlapping what was there before. */
async function cinderVolume(format: 'raw' | 'qcow2', snapshots: number): Promise<SharedVolume> {
  const volume = new SharedVolume(share, format, GIB);
  await volume.cinder.create();
  await volume.cinder.write({ offset: TAIL, length: 64 * KIB, byte: 0x7e });
  for (let index = 0; index <= snapshots; index += 1) {
    await volume.cinder.write({ offset: index * 96 * KIB, length: 160 * KIB + 512, byte: 0x41 + index });
    if (index < snapshots) await volume.cinder.snapshot();
  }
  return volume;
}

describe.each(['raw', 'qcow2'] as const)('a %s volume that Cinder wrote', (format) => {
  test.each(someOf([0, 1, 2, 3, 4, 5], 0.5))('is adopted and read right with %d snapshots', async (count) => {
    const volume = await cinderVolume(format, count);
    const { local } = share;
    const before = await share.listing();
    const all = await collect(local.driver.findAdoptable(local.context()));
    expect(await share.listing()).toEqual(before);
    expect(all.find(({ id }) => id === volume.id)).toEqual({
      id: volume.id,
      sizeBytes: GIB,
      providerLocation: share.directory,
      providerMetadata: { format },
      snapshots: volume.snapshotIds.map((id) => ({ id, sizeBytes: GIB, providerMetadata: {} })),
      problems: [],
      changes: [],
    });
    await volume.ours.adopt();
    // Cinder's chains need no change, so adopting them leaves no trace.
    expect(await share.listing()).toEqual(before);
    await volume.expectOurs();
    await volume.expectCinder();
  });
});

test('the NFS driver adopts under the name of the share, and connects as Cinder does', async () => {
  const volume = await cinderVolume('raw', 2);
  const nfs = await nfsBackend({ share: share.name, path: share.directory });
  const context = share.local.context();
  const found = (await collect(nfs.driver.findAdoptable(context))).find(({ id }) => id === volume.id)!;
  expect(found).toMatchObject({ providerLocation: share.name, problems: [], changes: [] });
  const record = makeVolume({ id: volume.id, sizeBytes: GIB, status: 'available' });
  const adopted = applyUpdate(record, await nfs.driver.adopt(context, found));
  const ours = await nfs.driver.initializeConnection(context, adopted, { host: 'guest' });
  const theirs = (await share.cinder.call('initialize_connection', { id: volume.id })) as { data: object };
  // Cinder says 'null' where a share has no options of its own.
  expect({ ...ours, data: { options: null, ...ours.data } }).toEqual(theirs);
  await nfs.stop(context);
});

test('a qcow2 volume without snapshots is refused where raw is configured: a guest could have forged it', async () => {
  const volume = await cinderVolume('qcow2', 0);
  await using raw = await share.another('raw');
  const found = await collect(raw.driver.findAdoptable(raw.context()));
  const ours = found.find(({ id }) => id === volume.id)!;
  expect(ours.problems).toEqual([expect.stringMatching(`${volume.file} is refused.*looks like qcow2`)]);
  await expect(raw.driver.adopt(raw.context(), ours)).rejects.toMatchObject({ code: 'unsafe-image' });
});

test('a snapshot that a clone left behind is merged away', async () => {
  const volume = await cinderVolume('raw', 1);
  const leftOver = `tmp-snap-${randomUUID()}`;
  await volume.cinder.snapshot(leftOver);
  await volume.cinder.write({ offset: 512, length: 8 * KIB, byte: 0x99 });
  await volume.cinder.snapshot();
  await volume.cinder.write({ offset: 4 * KIB, length: 8 * KIB, byte: 0x98 });
  const found = await collect(share.local.driver.findAdoptable(share.local.context()));
  expect(found.find(({ id }) => id === volume.id)).toMatchObject({
    problems: [],
    changes: [`merge the snapshot ${leftOver}, left over from a clone`],
  });
  await volume.ours.adopt();
  volume.snapshots.delete(leftOver);
  await volume.expectOurs();
  await volume.cinder.adopt();
  await volume.expectCinder();
  expect(Object.keys(await share.listing())).not.toContain(`${volume.file}.${leftOver}`);
});

test('the record has the bytes that Cinder would write', async () => {
  const volume = new SharedVolume(share, 'qcow2', GIB);
  await volume.ours.create();
  // Cinder sorts 'active' in among the ids.
  for (const start of ['0', 'ab', 'ad', 'f', '9'])
    await volume.ours.snapshot(start + randomUUID().slice(start.length));
  await volume.ours.deleteSnapshot(volume.snapshotIds[1]!);
  const record = path.join(share.directory, `${volume.file}.info`);
  const written = await readFile(record, 'utf8');
  await volume.cinder.adopt();
  const passing = randomUUID();
  await volume.cinder.snapshot(passing);
  await volume.cinder.deleteSnapshot(passing);
  expect(await volume.cinder.info()).toBe(written);
});
