import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createSnapshot, SNAPSHOT_DOORS, VOLUME_DOORS } from './doors.js';
import type { Scene } from './doors.js';
import type { HostileImage } from './hostile-images.js';
import { isNested, makeHostileImages } from './hostile-images.js';
import { HostileShare } from './hostile-share.js';
import { wrongDoors } from './refusals.js';

/*
 * Somebody who can write to the share puts a hostile image in the place of a volume's file. Every door that looks at
 * the file must refuse it, whatever it is in the chain.
 */

const workDirectory = await mkdtemp(path.join(tmpdir(), 'scoria-hostile-'));
let share: HostileShare;
const images: HostileImage[] = [];
beforeAll(async () => {
  share = await HostileShare.start();
  images.push(...(await makeHostileImages(share.canary.path, workDirectory)));
});
afterAll(async () => {
  await share[Symbol.asyncDispose]();
  await rm(workDirectory, { recursive: true });
});

const ALL_DOORS = { ...VOLUME_DOORS, ...SNAPSHOT_DOORS };

async function chainOfTwo(): Promise<Scene> {
  const volume = await share.createVolume();
  return { share, volume, snapshots: [await share.snapshot(volume), await share.snapshot(volume)] };
}

function volumeFile({ volume }: Scene): string {
  return `volume-${volume.id}`;
}

/** The images that are wrong in themselves, and not only too large. */
function wrongImages(): HostileImage[] {
  return images.filter((image) => image.tooLarge !== true && !isNested(image));
}

async function findings(check: (image: HostileImage) => Promise<string[]>): Promise<string[]> {
  const wrong: string[] = [];
  for (const image of wrongImages()) {
    wrong.push(...(await check(image)).map((problem) => `${image.name}: ${problem}`));
  }
  return wrong;
}

test('the catalogue is complete', () => {
  expect(wrongImages().length).toBeGreaterThan(20);
});

test('as the file of a qcow2 volume', async () => {
  const wrong = await findings(async (image) => {
    const volume = share.record('qcow2');
    const file = `volume-${volume.id}`;
    await share.plant(file, image.bytes);
    const found = await wrongDoors({ share, volume, snapshots: [] }, { ...VOLUME_DOORS, createSnapshot }, [
      file,
    ]);
    await rm(share.file(file));
    return found;
  });
  expect(wrong).toEqual([]);
});

test('as the newest overlay', async () => {
  const scene = await chainOfTwo();
  const file = `${volumeFile(scene)}.${scene.snapshots[1]!.id}`;
  const wrong = await findings(async (image) => {
    await share.plant(file, image.bytes);
    return wrongDoors(scene, { ...VOLUME_DOORS, ...SNAPSHOT_DOORS, createSnapshot }, [file]);
  });
  expect(wrong).toEqual([]);
});

test('as an overlay below', async () => {
  const scene = await chainOfTwo();
  const file = `${volumeFile(scene)}.${scene.snapshots[0]!.id}`;
  const wrong = await findings(async (image) => {
    await share.plant(file, image.bytes);
    return wrongDoors(scene, ALL_DOORS, [file]);
  });
  expect(wrong).toEqual([]);
});
