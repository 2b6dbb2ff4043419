import { MIB } from '@scoria/core';
import { OPERATIONS } from '../crash/operations.js';
import { CrashCase } from '../crash/crash-case.js';
import { Stage } from '../crash/stage.js';
import { startDriver } from '../support/driver-on-directory.js';
import { SmallDisk } from '../support/small-disk.js';
import { expectError, FaultyOperation } from './faulty-operation.js';

describe('a share that is mounted read-only', () => {
  let stage: Stage;
  let disk: SmallDisk;
  beforeAll(async () => {
    disk = await SmallDisk.mount(24 * MIB);
    stage = await Stage.open('raw');
  });
  afterAll(async () => {
    await disk[Symbol.asyncDispose]();
    await stage[Symbol.asyncDispose]();
  });
  afterEach(() => disk.remount('rw'));

  it.each(OPERATIONS)('is told, and nothing is changed: $name', async (operation) => {
    const faulty = new FaultyOperation(new CrashCase(stage.scene, operation), disk.path);
    await using on = await faulty.start();
    await disk.remount('ro');
    expectError(await faulty.failure(on), 'unavailable', /read-only.*|no share can be used/);
    expect(await faulty.damage()).toEqual([]);
    await disk.remount('rw');
    await faulty.run(on);
    expect(await faulty.missing()).toEqual([]);
  });

  it('is told at the start', async () => {
    await disk.remount('ro');
    await expect(startDriver(disk.path)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/it is mounted read-only; mount it for writing/) as string,
    });
  });
});
