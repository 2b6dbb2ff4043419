import type { Snapshot, Volume } from '@scoria/core';
import { applyUpdate } from '@scoria/core';
import { readQcow2Header } from '@scoria/disk-image';
import { collect, makeVolume, openAndRead, openAndWrite } from '@scoria/testkit';
import { inspect } from 'node:util';
import type { HostileImage } from './hostile-images.js';
import { makeHostileImages, VOLUME_BYTES } from './hostile-images.js';
import { HostileShare } from './hostile-share.js';

/*
 * A guest writes an image's header into its raw volume. Nothing is wrong with that, and nothing is refused: the volume
 * stays raw through every operation, and reads as exactly the bytes that the guest wrote.
 */

interface Case {
  readonly share: HostileShare;
  readonly volume: Volume;
  /** What the guest wrote, to the end of the volume. */
  readonly bytes: Buffer;
}

let raw: HostileShare;
let qcow2: HostileShare;
let images: HostileImage[];
beforeAll(async () => {
  raw = await HostileShare.start();
  qcow2 = await HostileShare.start({ format: 'qcow2' });
  images = await makeHostileImages(raw.canary.path, raw.root);
});
afterAll(async () => {
  await raw[Symbol.asyncDispose]();
  await qcow2[Symbol.asyncDispose]();
});

function paddedTo(bytes: Buffer, sizeBytes: number): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(sizeBytes - bytes.length)]);
}

async function guestWrote(share: HostileShare, image: HostileImage): Promise<Case> {
  const volume = share.record('raw');
  const bytes = paddedTo(image.bytes, VOLUME_BYTES);
  await share.plant(`volume-${volume.id}`, bytes);
  return { share, volume, bytes };
}

async function expectRead({ share, bytes }: Case, object: Volume | Snapshot): Promise<void> {
  const found = await openAndRead(share.driver, share.context(), object);
  expect(found.subarray(0, 4096).equals(bytes.subarray(0, 4096))).toBe(true);
  expect(found.equals(bytes)).toBe(true);
}

async function formatOnAttach({ share }: Case, volume: Volume): Promise<unknown> {
  const { data } = await share.driver.initializeConnection(share.context(), volume, { host: 'guest' });
  return data.format;
}

async function expectCopies(scene: Case, snapshot: Snapshot): Promise<void> {
  const { share, volume } = scene;
  const clone = makeVolume({ sizeBytes: VOLUME_BYTES });
  const copy = makeVolume({ sizeBytes: VOLUME_BYTES });
  const updates = [
    applyUpdate(clone, await share.driver.createClonedVolume(share.context(), clone, volume)),
    applyUpdate(copy, await share.driver.createVolumeFromSnapshot(share.context(), copy, snapshot)),
  ];
  for (const made of updates) {
    expect(made.providerMetadata).toEqual({ format: share.backend.options.local_volume_format });
    await expectRead(scene, { ...made, status: 'available' });
    await share.driver.deleteVolume(share.context(), { ...made, status: 'available' });
  }
}

async function live(scene: Case): Promise<void> {
  const { share, volume, bytes } = scene;
  const { driver } = share;
  expect(await formatOnAttach(scene, volume)).toBe('raw');
  await expectRead(scene, volume);
  const snapshot = await share.snapshot(volume);
  const overlay = await readQcow2Header(share.file(`volume-${volume.id}.${snapshot.id}`));
  expect(overlay.header).toMatchObject({ backingFile: `volume-${volume.id}`, backingFormat: 'raw' });
  await expectRead(scene, volume);
  await expectCopies(scene, snapshot);
  await openAndWrite(driver, share.context(), volume, 0, Buffer.alloc(8192, 0x20));
  await driver.revertToSnapshot(share.context(), volume, snapshot);
  await expectRead(scene, volume);
  const grown = applyUpdate(volume, await driver.extendVolume(share.context(), volume, 2 * VOLUME_BYTES));
  await driver.deleteSnapshot(share.context(), { ...snapshot, volume: grown });
  expect(await formatOnAttach(scene, grown)).toBe('raw');
  expect((await share.read(`volume-${volume.id}`)).equals(paddedTo(bytes, 2 * VOLUME_BYTES))).toBe(true);
  await driver.deleteVolume(share.context(), grown);
}

async function expectUntaken({ share, volume }: Case): Promise<void> {
  const found = (await collect(share.driver.findAdoptable(share.context()))).find(
    ({ id }) => id === volume.id,
  );
  expect(found?.problems).toEqual([expect.stringContaining(`volume-${volume.id}`)]);
}

async function wrongImages(share: HostileShare, use: (scene: Case) => Promise<void>, some = images) {
  const wrong: string[] = [];
  for (const image of some) {
    const scene = await guestWrote(share, image);
    const { error, problems } = await share.attempt(() => use(scene));
    if (error !== undefined) problems.push(inspect(error));
    wrong.push(...problems.map((problem) => `${image.name}: ${problem}`));
  }
  return wrong;
}

test('a raw volume lives its life with any of them, on a backend of raw volumes', async () => {
  expect(await wrongImages(raw, live)).toEqual([]);
});

test('and on a backend that makes qcow2 volumes', async () => {
  const kinds = new Set<string>();
  const some = images.filter(({ looksLike, name }) => {
    const isNew = !kinds.has(looksLike) || name.includes('data file') || name.includes('1 TiB');
    kinds.add(looksLike);
    return isNew;
  });
  expect(await wrongImages(qcow2, live, some)).toEqual([]);
});

test('one that nobody has on record is not adopted, whatever its format is thought to be', async () => {
  expect(await wrongImages(raw, expectUntaken)).toEqual([]);
});
