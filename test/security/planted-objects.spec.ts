import { makeVolume, openAndRead } from '@scoria/testkit';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { createSnapshot, SNAPSHOT_DOORS, VOLUME_DOORS } from './doors.js';
import type { Scene } from './doors.js';
import { VOLUME_BYTES } from './hostile-images.js';
import { HostileShare } from './hostile-share.js';
import { withBackingName } from './image-bytes.js';
import { wrongDoors } from './refusals.js';

/* Somebody who can write to the share puts something that is no image in the place of a file of ours. */

const run = promisify(execFile);
const ALL_DOORS = { ...VOLUME_DOORS, ...SNAPSHOT_DOORS };

let share: HostileShare;
beforeAll(async () => {
  share = await HostileShare.start();
});
afterAll(() => share[Symbol.asyncDispose]());

type Plant = (path: string) => Promise<unknown>;

const OBJECTS: Record<string, Plant> = {
  'a link to the canary': (path) => symlink(share.canary.path, path),
  'a relative link to the canary': (path) => symlink('../canary', path),
  'a link to nothing': (path) => symlink(`${share.root}/not-there`, path),
  'a link to a device': (path) => symlink('/dev/zero', path),
  'a pipe': (path) => run('mkfifo', [path]),
  'a directory': (path) => mkdir(path),
};
// Only root can make the real thing.
if (process.getuid?.() === 0) OBJECTS['a device'] = (path) => run('mknod', [path, 'c', '1', '5']);

async function chainOfTwo(): Promise<Scene & { files: string[] }> {
  const volume = await share.createVolume();
  const snapshots = [await share.snapshot(volume), await share.snapshot(volume)];
  const first = `volume-${volume.id}`;
  return { share, volume, snapshots, files: [first, ...snapshots.map(({ id }) => `${first}.${id}`)] };
}

async function putInPlace(file: string, plant: Plant): Promise<void> {
  await rm(share.file(file), { force: true, recursive: true });
  await plant(share.file(file));
}

describe.each(Object.keys(OBJECTS))('%s', (name) => {
  const plant = OBJECTS[name]!;

  test.each(['raw', 'qcow2'] as const)('is no %s volume', async (format) => {
    const volume = share.record(format);
    const file = `volume-${volume.id}`;
    await putInPlace(file, plant);
    const doors = { ...VOLUME_DOORS, createSnapshot };
    expect(await wrongDoors({ share, volume, snapshots: [] }, doors, [file])).toEqual([]);
    await rm(share.file(file), { recursive: true });
  });

  test.each([
    ['base', 0],
    ['overlay', 1],
    ['active file', 2],
  ])('is no %s of a chain', async (_what, index) => {
    const { files, ...scene } = await chainOfTwo();
    const file = files[index]!;
    await putInPlace(file, plant);
    expect(await wrongDoors(scene, ALL_DOORS, [file])).toEqual([]);
    await rm(share.file(file), { recursive: true });
  });

  test('is no chain record, and keeps nobody waiting', async () => {
    const volume = await share.createVolume();
    const file = `volume-${volume.id}.info`;
    await putInPlace(file, plant);
    const doors = { ...VOLUME_DOORS, createSnapshot };
    expect(await wrongDoors({ share, volume, snapshots: [] }, doors, [file])).toEqual([]);
    const { error, problems } = await share.attempt((context) => share.driver.stats(context));
    expect({ error, problems }).toEqual({ error: undefined, problems: [] });
    await rm(share.file(file), { recursive: true });
  });

  test('is no file to take over', async () => {
    await putInPlace('uploaded', plant);
    for (const format of ['raw', 'qcow2']) {
      const reference = { 'source-name': 'uploaded', 'source-format': format };
      const { error, problems } = await share.attempt((context) =>
        share.driver.manageExisting(context, makeVolume({ sizeBytes: VOLUME_BYTES }), reference),
      );
      expect({ code: (error as { code?: string }).code, problems }).toEqual({
        code: 'unsafe-image',
        problems: [],
      });
    }
    await rm(share.file('uploaded'), { recursive: true });
  });

  test('is not written through where a new file is to be', async () => {
    const id = randomUUID();
    await putInPlace(`volume-${id}`, plant);
    const { error, problems } = await share.attempt((context) =>
      share.driver.createVolume(context, makeVolume({ id, sizeBytes: VOLUME_BYTES })),
    );
    expect({ code: (error as { code?: string }).code, problems }).toEqual({
      code: 'already-exists',
      problems: [],
    });
    await rm(share.file(`volume-${id}`), { recursive: true });
  });
});

test('a socket is no volume', async () => {
  const volume = share.record('raw');
  const file = `volume-${volume.id}`;
  await using _server = await listening(share.file(file));
  expect(
    await wrongDoors({ share, volume, snapshots: [] }, { ...VOLUME_DOORS, createSnapshot }, [file]),
  ).toEqual([]);
});

async function listening(socket: string): Promise<AsyncDisposable> {
  const server = createServer().listen(socket);
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    await once(server.close(), 'close');
  };
  return { [Symbol.asyncDispose]: close };
}

describe('a chain record', () => {
  const other = randomUUID();
  const records: Record<string, (file: string) => string> = {
    'no JSON': () => 'x',
    'no object': () => '[]',
    'no active file': () => '{}',
    'a path': () => JSON.stringify({ active: share.canary.path }),
    'a relative path': () => JSON.stringify({ active: '../canary' }),
    'a protocol': () => JSON.stringify({ active: 'nbd:127.0.0.1:10809' }),
    'a graph': () => `{"active": ${JSON.stringify(`json:{"driver":"raw"}`)}}`,
    "another volume's file": () => JSON.stringify({ active: `volume-${other}` }),
    "another volume's overlay": () => JSON.stringify({ active: `volume-${other}.${other}` }),
    'a file that is gone': (file) => JSON.stringify({ active: `${file}.${other}` }),
    itself: (file) => JSON.stringify({ active: `${file}.info` }),
    'an option': () => JSON.stringify({ active: '--help' }),
    'a number': () => JSON.stringify({ active: 5 }),
    'a path for a snapshot': (file) => JSON.stringify({ active: file, [other]: '/etc/passwd' }),
    'five megabytes': (file) => JSON.stringify({ active: file, [other]: file }) + ' '.repeat(5 * 2 ** 20),
    'a long name': () => JSON.stringify({ active: 'x'.repeat(300) }),
  };

  test.each(Object.keys(records))('that names %s is refused', async (name) => {
    const volume = await share.createVolume();
    const file = `volume-${volume.id}`;
    await share.plant(`${file}.info`, records[name]!(file));
    const doors = { ...VOLUME_DOORS, createSnapshot };
    expect(await wrongDoors({ share, volume, snapshots: [] }, doors, [`${file}.info`])).toEqual([]);
  });

  test.each(['../../x', '__proto__', '', 'active2', 'a b'])(
    'with the snapshot id %j is not adopted',
    async (id) => {
      const volume = await share.createVolume();
      const snapshot = await share.snapshot(volume);
      const file = `volume-${volume.id}`;
      const active = `${file}.${snapshot.id}`;
      await share.plant(
        `${file}.info`,
        `{"active": "${active}", "${id}": "${active}", "${snapshot.id}": "${active}"}`,
      );
      const scene = { share, volume, snapshots: [] };
      expect(await wrongDoors(scene, { adopt: VOLUME_DOORS.adopt! }, [file])).toEqual([]);
    },
  );
});

describe('an overlay that stands on', () => {
  const backings: Record<string, (files: readonly string[]) => string> = {
    'the canary': () => share.canary.path,
    'a relative path': () => '../canary',
    'a path to its own base': ([base]) => `./${base!}`,
    'a file: name of its own base': ([base]) => `file:${base!}`,
    'a graph': () => `json:${JSON.stringify({ driver: 'file', filename: share.canary.path })}`,
    'a network name': () => 'nbd:unix:/run/x',
    "another volume's file": () => `volume-${randomUUID()}`,
    'the record of its volume': ([base]) => `${base!}.info`,
    itself: (files) => files[1]!,
    'the one above it': (files) => files[2]!,
    'its base with a NUL byte': ([base]) => `${base!}\0x`,
    'no name': () => '',
  };

  test.each(Object.keys(backings))('%s is refused', async (name) => {
    const { files, ...scene } = await chainOfTwo();
    const overlay = files[1]!;
    await share.plant(overlay, withBackingName(await share.read(overlay), backings[name]!(files)));
    expect(await wrongDoors(scene, ALL_DOORS, files)).toEqual([]);
  });
});

test('a file of the same name as a link that was there before is read as what it is', async () => {
  const volume = await share.createVolume();
  const file = share.file(`volume-${volume.id}`);
  const bytes = await readFile(file);
  await rm(file);
  await symlink(share.canary.path, file);
  await expect(openAndRead(share.driver, share.context(), volume)).rejects.toMatchObject({
    code: 'unsafe-image',
  });
  await rm(file);
  await writeFile(file, bytes);
  expect((await openAndRead(share.driver, share.context(), volume)).equals(bytes)).toBe(true);
});
