import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import { MIB } from '@scoria/core';
import { makeVolume } from '@scoria/testkit';
import { startDriver } from '../support/driver-on-directory.js';

describe('what a killed process leaves besides volumes', () => {
  let base: string;
  let share: string;
  beforeEach(async () => {
    base = await mkdtemp(path.join(os.tmpdir(), 'scoria-left-overs-'));
    share = path.join(base, 'share');
    await mkdir(path.join(share, '.scoria', 'locks'), { recursive: true });
  });
  afterEach(async () => {
    await rm(base, { recursive: true, force: true });
  });

  async function left(below: string): Promise<string[]> {
    return readdir(path.join(share, '.scoria', below));
  }

  it('is removed at the next start: lock files that nobody holds', async () => {
    for (const id of [randomUUID(), randomUUID()]) {
      await writeFile(path.join(share, '.scoria', 'locks', `volume-${id}`), '');
    }
    await using _on = await startDriver(share);
    expect(await left('locks')).toEqual([]);
  });

  it('is kept where it is no left-over: the lock file of a process at work', async () => {
    let whileAtWork: string[] = [];
    const volume = makeVolume({ sizeBytes: MIB });
    const onStep = async (): Promise<void> => {
      await using _other = await startDriver(share);
      whileAtWork = await left('locks');
    };
    await using on = await startDriver(share, { onStep });
    await on.driver.createVolume(on.context(), volume);
    expect(whileAtWork).toEqual([`volume-${volume.id}`]);
    expect(await left('locks')).toEqual([]);
  });

  it('is removed when it is old: the probe that a file can be made', async () => {
    const [old, young] = [`probe-${randomUUID()}`, `probe-${randomUUID()}`];
    for (const name of [old, young]) await writeFile(path.join(share, '.scoria', name), '');
    await utimes(path.join(share, '.scoria', old), 0, 0);
    await using _on = await startDriver(share);
    expect((await left('.')).filter((name) => name.startsWith('probe-'))).toEqual([young]);
  });
});
