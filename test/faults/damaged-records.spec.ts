import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { CrashCase } from '../crash/crash-case.js';
import { OPERATIONS } from '../crash/operations.js';
import type { ShareImage } from '../crash/share-image.js';
import { readShare, sameShare } from '../crash/share-image.js';
import { Stage } from '../crash/stage.js';
import { expectError, FaultyOperation } from './faulty-operation.js';

/** On a volume with three snapshots. */
const CONCERNED = OPERATIONS.filter(({ uses }) => uses.includes('deep'));

interface Damage {
  readonly name: string;
  /** What becomes of the record's text; undefined for what is done to the directory instead. */
  readonly spoil: (text: string) => string | Buffer;
  readonly code: 'damaged' | 'unsafe-image';
  readonly says: RegExp;
}

function changed(change: (record: Record<string, unknown>) => void): Damage['spoil'] {
  return (text) => {
    const record = JSON.parse(text) as Record<string, unknown>;
    change(record);
    return JSON.stringify(record);
  };
}

const ADVICE = /chain record volume-.*\.info is damaged: .*Nothing was changed; restore the record/s;

const DAMAGES: readonly Damage[] = [
  { name: 'an empty record', spoil: () => '', code: 'damaged', says: ADVICE },
  { name: 'half a record', spoil: (text) => text.slice(0, text.length / 2), code: 'damaged', says: ADVICE },
  { name: 'zeroes', spoil: (text) => Buffer.alloc(text.length), code: 'damaged', says: ADVICE },
  { name: 'a list', spoil: () => '["active"]', code: 'damaged', says: ADVICE },
  { name: 'null', spoil: () => 'null', code: 'damaged', says: ADVICE },
  {
    name: 'a number for a file',
    spoil: changed((record) => (record.active = 7)),
    code: 'damaged',
    says: ADVICE,
  },
  {
    name: 'a path',
    spoil: changed((record) => (record.active = '/etc/passwd')),
    code: 'damaged',
    says: ADVICE,
  },
  {
    name: 'a path upwards',
    spoil: changed((record) => (record.active = '../x')),
    code: 'damaged',
    says: ADVICE,
  },
  {
    name: 'no active file',
    spoil: changed((record) => delete record.active),
    code: 'damaged',
    says: ADVICE,
  },
  {
    name: 'much too long',
    spoil: (text) => text + ' '.repeat(5_000_000),
    code: 'damaged',
    says: /volume-\S+\.info in \S+ is not read: it has 5\d+ bytes\. Nothing was changed/,
  },
  {
    name: "another volume's file",
    spoil: changed((record) => (record.active = 'volume-99999999-9999-4999-8999-999999999999')),
    code: 'unsafe-image',
    says: /was not touched: .*names .*no file of this volume/,
  },
  {
    name: 'a file that is gone',
    spoil: changed((record) => (record.active = String(record.active).slice(0, -4) + 'ffff')),
    code: 'damaged',
    says: /which volume-\S+\.info names, is gone\. Nothing was changed; restore/,
  },
];

/** Every operation meets some of the damages, and every damage some of the operations. */
const CASES = DAMAGES.flatMap((damage, index) =>
  CONCERNED.filter((_operation, other) => other % 3 === index % 3).map((operation) => ({
    ...damage,
    operation,
  })),
).map((each) => ({ ...each, title: `${each.name}: ${each.operation.name}` }));

describe('a damaged chain record is told, and nothing is changed', () => {
  let base: string;
  let stage: Stage;
  beforeAll(async () => {
    base = await mkdtemp(path.join(os.tmpdir(), 'scoria-damaged-'));
    stage = await Stage.open('raw');
  });
  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
    await rm(base, { recursive: true, force: true });
  });

  it.each(CASES)('$title', async ({ spoil, code, says, operation }) => {
    const faulty = new FaultyOperation(new CrashCase(stage.scene, operation), base);
    await using on = await faulty.start();
    const record = path.join(faulty.directory, `volume-${stage.scene.records.volumes.deep!.id}.info`);
    const text = await readFile(record, 'utf8');
    await writeFile(record, spoil(text));
    const spoilt: ShareImage = await withWorkDirectories(faulty.directory);
    expectError(await faulty.failure(on), code, says);
    expect(sameShare(spoilt, await readShare(faulty.directory))).toBe(true);
    await writeFile(record, text);
    await faulty.run(on);
    expect(await faulty.missing()).toEqual([]);
  });
});

/** Empty directories that an operation may make before it looks are no change. */
async function withWorkDirectories(share: string): Promise<ShareImage> {
  for (const name of ['locks', 'tmp', 'journal']) {
    await mkdir(path.join(share, '.scoria', name), { recursive: true });
  }
  return readShare(share);
}
