import type { DriverErrorCode } from '@scoria/core';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { CrashCase } from '../crash/crash-case.js';
import { backingFileOf } from '../crash/qemu-tools.js';
import { OPERATIONS } from '../crash/operations.js';
import { Stage } from '../crash/stage.js';
import { expectError, FaultyOperation } from './faulty-operation.js';

const OF_DEEP = OPERATIONS.filter(({ uses }) => uses.includes('deep'));
/** A snapshot is taken without looking below the active file, so that its cost does not grow with the chain. */
const LOOKS_BELOW = OF_DEEP.filter(({ name }) => name !== 'further snapshot');
const OF_PLAIN = OPERATIONS.filter(({ uses }) => uses.includes('plain'));

type Put = (file: string) => unknown;

const ODD: readonly { readonly kind: string; readonly put: Put }[] = [
  { kind: 'a symbolic link', put: (file) => symlink('/etc/hostname', file) },
  { kind: 'a link to nothing', put: (file) => symlink('/nowhere', file) },
  { kind: 'a directory', put: (file) => mkdir(file) },
  { kind: 'a pipe', put: (file) => execFileSync('mkfifo', [file]) },
];

describe('files that are not what they should be', () => {
  let base: string;
  let stage: Stage;
  beforeAll(async () => {
    base = await mkdtemp(path.join(os.tmpdir(), 'scoria-odd-'));
    stage = await Stage.open('raw');
  });
  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
    await rm(base, { recursive: true, force: true });
  });

  const idOf = (name: string): string => stage.scene.records.volumes[name]!.id;

  /** Does the operation with something else in a file's place, and again with the file back in it. */
  async function tryInPlaceOf(
    faulty: FaultyOperation,
    file: string,
    put: Put,
    code: DriverErrorCode,
    says: RegExp,
  ): Promise<void> {
    await using on = await faulty.start();
    const at = path.join(faulty.directory, file);
    const aside = path.join(base, 'aside');
    await rename(at, aside);
    await put(at);
    expectError(await faulty.failure(on), code, says);
    await rm(at, { recursive: true, force: true });
    await rename(aside, at);
    expect(await faulty.damage()).toEqual([]);
    await faulty.run(on);
    expect(await faulty.missing()).toEqual([]);
  }

  it.each(LOOKS_BELOW)('tells that a backing file is gone: $name', async (operation) => {
    const faulty = new FaultyOperation(new CrashCase(stage.scene, operation), base);
    const base1 = `volume-${idOf('deep')}`;
    await tryInPlaceOf(
      faulty,
      base1,
      () => {},
      'damaged',
      /the file volume-\S+, which volume-\S+ names, is gone/,
    );
  });

  describe.each(ODD.map((odd, index) => ({ ...odd, index })))('$kind in place of', ({ put, index }) => {
    it.each(OF_PLAIN)('a volume is refused: $name', async (operation) => {
      const faulty = new FaultyOperation(new CrashCase(stage.scene, operation), base);
      await tryInPlaceOf(
        faulty,
        `volume-${idOf('plain')}`,
        put,
        'unsafe-image',
        /not touched: .* is refused/,
      );
    });

    it.each(OF_DEEP.filter((_operation, other) => other % 4 === index))(
      'an overlay is refused: $name',
      async (operation) => {
        const faulty = new FaultyOperation(new CrashCase(stage.scene, operation), base);
        const file = `volume-${idOf('deep')}.${stage.scene.records.snapshots['deep@3']!.id}`;
        await tryInPlaceOf(faulty, file, put, 'unsafe-image', /not touched: .* is refused/);
      },
    );
  });

  it.each([
    { what: 'the volume itself', suffix: '' },
    { what: 'its record', suffix: '.info' },
  ])('does not touch a file that has the name of $what already', async ({ suffix }) => {
    for (const operation of OPERATIONS.filter(({ makes }) => makes === 'made')) {
      const faulty = new FaultyOperation(new CrashCase(stage.scene, operation), base);
      await using on = await faulty.start();
      const taken = path.join(faulty.directory, `volume-${idOf('made')}${suffix}`);
      await writeFile(taken, 'mine');
      expectError(
        await faulty.failure(on),
        'already-exists',
        /has a file volume-\S+ already; it was not touched/,
      );
      expect(await readFile(taken, 'utf8')).toBe('mine');
      await rm(taken);
      expect(await faulty.damage()).toEqual([]);
    }
  });

  it.each(OPERATIONS.filter(({ makes }) => makes?.endsWith('@made')))(
    'does not touch a file that has the name of an overlay: $name',
    async (operation) => {
      const faulty = new FaultyOperation(new CrashCase(stage.scene, operation), base);
      await using on = await faulty.start();
      const { id, volume } = stage.scene.records.snapshots[operation.makes!]!;
      const taken = path.join(faulty.directory, `volume-${volume.id}.${id}`);
      await symlink('/etc/hostname', taken);
      expectError(
        await faulty.failure(on),
        'already-exists',
        /has a file volume-\S+ already; it was not touched/,
      );
      await rm(taken);
      expect(await faulty.damage()).toEqual([]);
      await faulty.run(on);
      expect(await faulty.missing()).toEqual([]);
    },
  );

  it('reads the names of backing files as qemu-img writes them', () => {
    const overlay = `volume-${idOf('single')}.${stage.scene.records.snapshots['single@1']!.id}`;
    expect(backingFileOf(stage.scene.image.get(overlay)!.data!)).toBe(`volume-${idOf('single')}`);
  });
});
