import { isUuid, messageOf } from '@scoria/core';
import type { Volume } from '@scoria/core';
import { makeVolume } from '@scoria/testkit';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { createSnapshot, VOLUME_DOORS } from './doors.js';
import { makeHostileImages, VOLUME_BYTES } from './hostile-images.js';
import { HostileShare } from './hostile-share.js';
import { wrongDoors } from './refusals.js';

/* Somebody who can write to the share plants what only we should: journals, temporary files, locks, directories. */

const run = promisify(execFile);
/** All that takes the volume's lock: a dry run of adoption only reads the chain. */
const DOORS = Object.fromEntries(
  Object.entries({ ...VOLUME_DOORS, createSnapshot }).filter(([name]) => name !== 'findAdoptable'),
);

let share: HostileShare;
beforeEach(async () => {
  share = await HostileShare.start();
});
afterEach(() => share[Symbol.asyncDispose]());

async function plantJournal(
  volume: Volume,
  content: string | ((file: string) => Promise<unknown>),
): Promise<string> {
  const name = `${volume.id}.json`;
  const file = share.file(`.scoria/journal/${name}`);
  await mkdir(path.dirname(file), { recursive: true });
  await rm(file, { recursive: true, force: true });
  await (typeof content === 'string' ? writeFile(file, content) : content(file));
  return name;
}

/** What a start of the backend would do; it never fails for one volume. */
async function expectRecoveryToStop(reason: RegExp): Promise<void> {
  const { error, problems } = await share.attempt((context) => share.driver.recover(context));
  expect({ error, problems }).toEqual({ error: undefined, problems: [] });
  expect(share.logged('error')).toEqual([expect.stringMatching(reason)]);
}

type Json = Record<string, unknown>;

function entry(volume: Volume, steps: unknown, more: Json = {}): string {
  const journal = { onCrash: 'forward', commitPoint: 99 };
  const plan = { operation: 'delete-snapshot', volumeId: volume.id, steps, undo: [], journal, ...more };
  return `${JSON.stringify({ version: 1, plan })}\n`;
}

describe('a planted journal', () => {
  const steps: Record<string, (own: string) => unknown> = {
    'a file of another volume': () => [{ kind: 'remove', file: `volume-${randomUUID()}` }],
    'a path': () => [{ kind: 'remove', file: share.canary.path }],
    'a relative path': () => [{ kind: 'remove', file: '../canary' }],
    'a temporary file': () => [{ kind: 'remove', file: { temporary: '../../../canary' } }],
    'a copy': (own) => [
      { kind: 'copy', source: { layers: [{ path: share.canary.path, format: 'raw' }] }, file: own },
    ],
    'a rename': (own) => [{ kind: 'rename', file: own, as: 'x' }],
    'a publication': (own) => [{ kind: 'publish', file: { temporary: 'x' }, as: own }],
    'a growth': (own) => [{ kind: 'grow', file: own, format: 'vmdk', below: [], sizeBytes: 2 ** 40 }],
    'another format below': (own) => [{ kind: 'commit', file: own, below: [{ file: own, format: 'vmdk' }] }],
    'a driver below': (own) => [{ kind: 'commit', file: own, below: [{ file: own, format: 'nbd' }] }],
    'nothing below': (own) => [{ kind: 'commit', file: own }],
    'a backing format': (own) => [{ kind: 'rebase', file: own, backing: own, backingFormat: 'json:{}' }],
    'a foreign backing file': (own) => [{ kind: 'rebase', file: own, backing: '/x', backingFormat: 'raw' }],
    'a record of paths': (own) => [{ kind: 'write-info', info: { active: own, snapshots: { x: '/etc' } } }],
    'a record of numbers': () => [{ kind: 'write-info', info: 7 }],
    'no steps': () => 7,
    'nothing for a step': () => [null],
    'an unknown step': (own) => [{ kind: 'exec', file: own }],
  };

  test.each(Object.keys(steps))('with %s is refused', async (name) => {
    const volume = await share.createVolume();
    const journal = await plantJournal(volume, entry(volume, steps[name]!(`volume-${volume.id}`)));
    expect(await wrongDoors({ share, volume, snapshots: [] }, DOORS, [journal])).toEqual([]);
    await expectRecoveryToStop(/could not be put in order.*is damaged/);
  });

  test.each([
    ['no JSON', 'x\n'],
    ['nothing', 'null\n'],
    ['another version', '{"version": 2}\n'],
    ['no plan', '{"version": 1}\n'],
  ])('that is %s is refused', async (_name, text) => {
    const volume = await share.createVolume();
    const journal = await plantJournal(volume, text);
    expect(await wrongDoors({ share, volume, snapshots: [] }, DOORS, [journal])).toEqual([]);
  });

  const objects: Record<string, (file: string) => Promise<unknown>> = {
    'a link to the canary': (file) => symlink(share.canary.path, file),
    'a link to nothing': (file) => symlink(path.join(share.root, 'made-through-a-link'), file),
    'a link to a device': (file) => symlink('/dev/zero', file),
    'a pipe': (file) => run('mkfifo', [file]),
    'a directory': (file) => mkdir(file),
  };

  test.each(Object.keys(objects))('that is %s is refused, and keeps nobody waiting', async (name) => {
    const volume = await share.createVolume();
    const journal = await plantJournal(volume, objects[name]!);
    expect(await wrongDoors({ share, volume, snapshots: [] }, DOORS, [journal])).toEqual([]);
    await expectRecoveryToStop(/is not read/);
    expect(await readdir(share.root)).not.toContain('made-through-a-link');
  });
});

describe('a journal whose files somebody has changed', () => {
  const merge = (overlay: string, base: string): unknown[] => [
    { kind: 'commit', file: overlay, below: [{ file: base, format: 'raw' }] },
    { kind: 'rebase', file: overlay, backing: base, backingFormat: 'raw' },
  ];

  async function withOverlay(): Promise<{ volume: Volume; overlay: string; base: string }> {
    const volume = await share.createVolume();
    const { id } = await share.snapshot(volume);
    return { volume, overlay: `volume-${volume.id}.${id}`, base: `volume-${volume.id}` };
  }

  test('merges no hostile image', async () => {
    const { volume, overlay, base } = await withOverlay();
    const wrong: string[] = [];
    for (const image of await makeHostileImages(share.canary.path, share.root)) {
      // What lies below is what the journal says, so a name or a size in the header is of no use to anybody.
      if (/backing file$|clean|1 TiB/.test(image.name)) continue;
      await share.plant(overlay, image.bytes);
      for (const steps of merge(overlay, base)) {
        await plantJournal(volume, entry(volume, [steps]));
        const found = await wrongDoors({ share, volume, snapshots: [] }, DOORS, [overlay]);
        wrong.push(...found.map((problem) => `${image.name}: ${problem}`));
      }
    }
    expect(wrong).toEqual([]);
  });

  test('merges into no link', async () => {
    const { volume, overlay, base } = await withOverlay();
    await rm(share.file(base));
    await symlink(share.canary.path, share.file(base));
    await plantJournal(volume, entry(volume, merge(overlay, base)));
    expect(await wrongDoors({ share, volume, snapshots: [] }, DOORS, [base])).toEqual([]);
    await expectRecoveryToStop(/is refused.*no regular file/);
  });
});

describe('a work directory that leads outside', () => {
  const bystander = randomUUID();

  /** A directory with files that our own clean-up would take for its own, if it came here. */
  async function makeOutside(): Promise<string> {
    const outside = path.join(share.root, 'outside');
    await mkdir(outside);
    for (const name of [
      'notes',
      'notes.txt',
      `${bystander}.create`,
      `volume-${bystander}`,
      `${bystander}.json`,
    ]) {
      await writeFile(path.join(outside, name), 'x');
    }
    return outside;
  }

  test.each(['tmp', 'journal', 'locks'])('%s: is not written to, nor cleaned up', async (name) => {
    const outside = await makeOutside();
    const before = await readdir(outside);
    const volume = await share.createVolume();
    const directory = share.file(`.scoria/${name}`);
    await rm(directory, { recursive: true, force: true });
    await symlink(outside, directory);
    expect(await wrongDoors({ share, volume, snapshots: [] }, DOORS, [directory])).toEqual([]);
    await expectRecoveryToStop(/is not a directory/);
    const { error } = await share.attempt((context) =>
      share.driver.createVolume(context, makeVolume({ sizeBytes: VOLUME_BYTES })),
    );
    expect(error).toMatchObject({ code: 'damaged' });
    expect(await readdir(outside)).toEqual(before);
  });

  test('the hidden directory itself: the share is not used', async () => {
    const outside = await makeOutside();
    const before = await readdir(outside);
    const volume = await share.createVolume();
    await rename(share.file('.scoria'), path.join(share.root, 'aside'));
    await symlink(outside, share.file('.scoria'));
    const { error } = await share.attempt((context) =>
      share.driver.initializeConnection(context, volume, { host: 'guest' }),
    );
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(messageOf(error)).toMatch(/\.scoria is there and is not a directory/);
    expect(await readdir(outside)).toEqual(before);
  });

  test('files in the work directory that are not ours stay', async () => {
    await mkdir(share.file('.scoria/tmp'), { recursive: true });
    await writeFile(share.file('.scoria/tmp/notes.txt'), 'x');
    await writeFile(share.file(`.scoria/tmp/${bystander}.create`), 'x');
    await share.driver.recover(share.context());
    expect((await readdir(share.file('.scoria/tmp'))).filter((name) => !isUuid(name.split('.')[0]!))).toEqual(
      ['notes.txt'],
    );
    expect(await readdir(share.file('.scoria/tmp'))).not.toContain(`${bystander}.create`);
  });
});

describe('a link in the place of', () => {
  async function plantTemporary(name: string, target: string): Promise<void> {
    await mkdir(share.file('.scoria/tmp'), { recursive: true });
    await symlink(target, share.file(`.scoria/tmp/${name}`));
  }

  test.each(['create', 'info', 'copy', 'revert', 'journal'])(
    'a temporary file (%s) is not written through',
    async (kind) => {
      const id = randomUUID();
      const lost = path.join(share.root, 'made-through-a-link');
      for (const target of [share.canary.path, lost]) {
        const source = await share.createVolume();
        await plantTemporary(`${id}.${kind}`, target);
        const { error, problems } = await share.attempt(async (context) => {
          const volume = makeVolume({ id, sizeBytes: VOLUME_BYTES });
          const update = await (kind === 'copy'
            ? share.driver.createClonedVolume(context, volume, source)
            : share.driver.createVolume(context, volume));
          const made = {
            ...volume,
            ...update,
            status: 'available',
            providerMetadata: { format: 'raw' },
          } as const;
          const snapshot = await share.snapshot(made);
          await share.driver.revertToSnapshot(context, made, snapshot);
          await share.driver.deleteSnapshot(context, snapshot);
          await share.driver.deleteVolume(context, made);
        });
        expect({ error, problems }).toEqual({ error: undefined, problems: [] });
        await rm(share.file(`.scoria/tmp/${id}.${kind}`), { force: true });
      }
      expect(await readdir(share.root)).not.toContain('made-through-a-link');
    },
  );

  test('a lock file is not followed', async () => {
    const volume = await share.createVolume();
    const lost = path.join(share.root, 'made-through-a-link');
    await mkdir(share.file('.scoria/locks'), { recursive: true });
    for (const target of [lost, share.canary.path]) {
      const lock = share.file(`.scoria/locks/volume-${volume.id}`);
      await rm(lock, { force: true });
      await symlink(target, lock);
      expect(await wrongDoors({ share, volume, snapshots: [] }, DOORS, [volume.id])).toEqual([]);
    }
    expect(await readdir(share.root)).not.toContain('made-through-a-link');
    expect(await readFile(share.canary.path, 'utf8')).toContain(share.canary.marker);
  });
});
