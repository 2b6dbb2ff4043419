import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { OPERATIONS } from '../crash/operations.js';
import { CrashCase } from '../crash/crash-case.js';
import { Stage } from '../crash/stage.js';
import { startDriver } from '../support/driver-on-directory.js';
import { expectError, FaultyOperation } from './faulty-operation.js';

/** What is done without qemu-img where volumes are raw. */
const WITHOUT_TOOL = ['create volume', 'extend', 'delete volume', 'delete volume with a record', 'manage'];

describe('a missing qemu-img', () => {
  let base: string;
  let stage: Stage;
  beforeAll(async () => {
    base = await mkdtemp(path.join(os.tmpdir(), 'scoria-no-tool-'));
    stage = await Stage.open('raw');
  });
  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
    await rm(base, { recursive: true, force: true });
  });

  it('is told at the start, and nothing is made', async () => {
    const empty = path.join(base, 'empty');
    await mkdir(empty);
    const directory = path.join(base, 'volumes');
    await expect(startDriver(directory, { host: { systemPath: empty } })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/qemu-img.*not installed: install qemu-utils/) as string,
    });
    expect(await readdir(directory)).toEqual(['.scoria']);
  });

  it.each(OPERATIONS)('is told when it goes away, and nothing is changed: $name', async (operation) => {
    const programs = await mkdtemp(path.join(base, 'programs-'));
    for (const name of ['qemu-img', 'setpriv', 'prlimit'])
      await symlink(`/usr/bin/${name}`, path.join(programs, name));
    const crashCase = new CrashCase(stage.scene, operation);
    const faulty = new FaultyOperation(crashCase, base, { host: { systemPath: programs } });
    await using on = await faulty.start();
    await rm(path.join(programs, 'qemu-img'));
    const error = await faulty.failure(on);
    if (WITHOUT_TOOL.includes(operation.name)) {
      expect(error).toBeUndefined();
    } else {
      expectError(error, 'unavailable', /qemu-img.*not installed: install qemu-utils/);
      expect(await faulty.damage()).toEqual([]);
      await symlink('/usr/bin/qemu-img', path.join(programs, 'qemu-img'));
      await faulty.run(on);
    }
    expect(await faulty.missing()).toEqual([]);
  });
});
