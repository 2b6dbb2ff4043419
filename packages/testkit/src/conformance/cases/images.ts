import type { ImageSource, Snapshot } from '@scoria/core';
import { applyUpdate } from '@scoria/core';
import assert from 'node:assert/strict';
import { makeVolume } from '../../builders.js';
import { patternBytes } from '../../pattern-bytes.js';
import { stageCase } from '../case.js';
import { assertBytes, assertRefused } from '../checks.js';
import type { Stage } from '../stage.js';

/** An image with the data of a snapshot, of which the driver can make volumes. */
export async function imageOf(stage: Stage, snapshot: Snapshot): Promise<ImageSource> {
  const image = await stage.storage.imageOf?.(snapshot);
  assert.ok(image, 'a driver that declares cloneImage is tested with imageOf in its storage');
  return image;
}

const ELSEWHERE: readonly (readonly string[])[] = [
  [],
  [''],
  ['no url'],
  ['file:///etc/passwd'],
  ['https://images.example.org/v2/images/1/file', 'swift+https://images.example.org/1'],
  ['rbd://', 'rbd://image', 'rbd://a/b/c', 'rbd://a//c/d', 'rbd://a/b/c/d/e', 'rbd://a/%2F/c/%00'],
  ['rbd://00000000-0000-4000-8000-000000000000/pool/image/snapshot', `x://${'y'.repeat(5000)}`],
];

async function elsewhere(stage: Stage): Promise<void> {
  const before = await stage.leftovers();
  const volume = makeVolume({ sizeBytes: stage.size });
  for (const locations of ELSEWHERE) {
    const image = { id: 'elsewhere', diskFormat: 'raw', sizeBytes: stage.size, locations };
    const made = await stage.driver.cloneImage(stage.context(), volume, image);
    assert.equal(made, undefined, `what is said of an image at ${locations.join(', ').slice(0, 200)}`);
  }
  assert.deepEqual(await stage.leftovers(), before, 'what is on the storage after images from elsewhere');
}

async function clones(stage: Stage): Promise<void> {
  const source = await stage.volume();
  const data = patternBytes(1, stage.size);
  await stage.write(source, 0, data);
  const image = await imageOf(stage, await stage.snapshot(source));
  const before = await stage.leftovers();
  const creating = makeVolume({ sizeBytes: 2 * stage.size });
  const update = await stage.driver.cloneImage(stage.context(), creating, image);
  assert.ok(update, 'an image on the backend is cloned');
  const volume = { ...applyUpdate(creating, update), status: 'available' } as const;
  const expected = Buffer.concat([data, Buffer.alloc(stage.size)]);
  assertBytes(await stage.read(volume), expected, 'a volume of an image');
  await stage.write(volume, 0, patternBytes(2, stage.size));
  assertBytes(await stage.read(source), data, 'what the image was made of');
  await assertRefused('a second volume of the same id', 'already-exists', () =>
    stage.driver.cloneImage(stage.context(), creating, image),
  );
  await stage.deleteVolume(volume);
  assert.deepEqual(await stage.leftovers(), before, 'what is on the storage after the volume was deleted');
}

async function otherFormats(stage: Stage): Promise<void> {
  const image = await imageOf(stage, await stage.snapshot(await stage.volume()));
  const before = await stage.leftovers();
  const volume = makeVolume({ sizeBytes: stage.size });
  const context = stage.context();
  const made = await stage.driver.cloneImage(context, volume, { ...image, diskFormat: 'qcow2' });
  assert.equal(made, undefined, 'what is said of an image of another format');
  assert.deepEqual(await stage.leftovers(), before, 'what is on the storage afterwards');
}

export const imageCases = [
  stageCase('cloneImage: an image that is elsewhere is not cloned, and nothing is left', elsewhere, [
    'cloneImage',
  ]),
  stageCase('cloneImage: the data of the image, zeroes beyond, and independent of it', clones, [
    'cloneImage',
  ]),
  stageCase('cloneImage: an image of another format is not cloned', otherFormats, ['cloneImage']),
];
