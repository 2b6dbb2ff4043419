import { mkdtemp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileNames } from '../chain/file-names.js';
import { ShareDirectory } from '../chain/share-directory.js';
import type { Step } from '../plan/plan.js';
import { Journal } from './journal.js';
import type { JournaledPlan } from './journaled-plan.js';

const V = '0f5a2f2e-7a1c-4b7e-8b0c-000000000001';
const S = '0f5a2f2e-7a1c-4b7e-8b0c-000000000002';
const OTHER = '0f5a2f2e-7a1c-4b7e-8b0c-000000000003';
const names = new FileNames('volume-%s');
const overlay = names.overlay(V, S);

function planOf(...steps: Step[]): JournaledPlan {
  return {
    operation: 'delete-snapshot',
    volumeId: V,
    steps,
    journal: { onCrash: 'forward', commitPoint: 0 },
    undo: [],
  };
}

let directory: string;
let journal: Journal;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'scoria-journal-'));
  journal = new Journal(new ShareDirectory(directory), names);
});
afterEach(() => rm(directory, { recursive: true }));

async function plant(text: string): Promise<void> {
  await mkdir(path.join(directory, '.scoria', 'journal'), { recursive: true });
  await writeFile(path.join(directory, '.scoria', 'journal', `${V}.json`), text);
}

it('gives back what was written, and nothing once it is removed', async () => {
  const plan = planOf({ kind: 'remove', file: overlay });
  expect(await journal.volumes()).toEqual([]);
  await journal.write(plan);
  expect(await journal.volumes()).toEqual([V]);
  expect(await journal.read(V)).toEqual(plan);
  await journal.remove(V);
  await journal.remove(V);
  expect(await journal.read(V)).toBeUndefined();
});

it.each(['', '{', JSON.stringify({ version: 1, plan: planOf() })])(
  'takes an entry that was cut off as %j for none, and removes it',
  async (text) => {
    await plant(text);
    expect(await journal.read(V)).toBeUndefined();
    expect(await readdir(path.join(directory, '.scoria', 'journal'))).toEqual([]);
  },
);

const foreign = names.volumeFile(OTHER);
it.each<[string, unknown, RegExp]>([
  ['no JSON', 'x', /is damaged/],
  ['another version', { version: 2, plan: planOf() }, /has the version 2/],
  ['another volume', { version: 1, plan: { ...planOf(), volumeId: OTHER } }, /holds no plan/],
  [
    'a file of another volume',
    { version: 1, plan: planOf({ kind: 'remove', file: foreign }) },
    /no file of this volume/,
  ],
  ['a path', { version: 1, plan: planOf({ kind: 'remove', file: '/etc/passwd' }) }, /no file of this volume/],
  [
    'a foreign backing file',
    { version: 1, plan: planOf({ kind: 'rebase', file: overlay, backing: '../x', backingFormat: 'raw' }) },
    /no file of this volume/,
  ],
  [
    'a record that names foreign files',
    { version: 1, plan: planOf({ kind: 'write-info', info: { active: foreign, snapshots: {} } }) },
    /no file of this volume/,
  ],
  [
    'a foreign file to merge into',
    {
      version: 1,
      plan: planOf({ kind: 'commit', file: overlay, below: [{ file: foreign, format: 'raw' }] }),
    },
    /no file of this volume/,
  ],
  [
    'a step that no journaled plan has',
    { version: 1, plan: planOf({ kind: 'rename', file: overlay, as: foreign }) },
    /no file of this volume/,
  ],
])('refuses an entry with %s, and leaves it for a person', async (_what, record, message) => {
  await plant(typeof record === 'string' ? `${record}\n` : `${JSON.stringify(record)}\n`);
  await expect(journal.read(V)).rejects.toThrow(message);
  expect(await journal.volumes()).toEqual([V]);
});
