import type { CommandError } from '@scoria/core';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FakeCommandRunner } from './fake-command-runner.js';
import { SimulatedShare } from './simulated-share.js';

describe('SimulatedShare', () => {
  let home: string;
  let mountPoint: string;
  let share: SimulatedShare;
  let runner: FakeCommandRunner;
  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'simulated-share-'));
    mountPoint = path.join(home, 'mount');
    await mkdir(mountPoint);
    share = await SimulatedShare.create('host:/export');
    runner = new FakeCommandRunner();
    share.answer(runner);
  });
  afterEach(async () => {
    await share.dispose();
    await rm(home, { recursive: true });
  });

  const mount = (): Promise<string> => call('mount', ['-t', 'nfs', 'host:/export', mountPoint]);
  const call = async (command: string, args: string[]): Promise<string> =>
    runner.run({ command, args, timeoutMs: 1000 }).then(
      () => 'done',
      (error: unknown) => (error as CommandError).code,
    );

  it('shows its files where it is mounted, and nowhere else', async () => {
    await writeFile(path.join(share.directory, 'file'), 'data');
    expect(await mount()).toBe('done');
    expect(await readFile(path.join(mountPoint, 'file'), 'utf8')).toBe('data');
    expect(await readFile(share.mountTable, 'utf8')).toContain(
      `${mountPoint} rw,relatime - nfs4 host:/export`,
    );
    expect(await mount()).toBe('command-failed');
    expect(await call('umount', [mountPoint])).toBe('done');
    expect(await readdir(mountPoint)).toEqual([]);
    expect(await readFile(share.mountTable, 'utf8')).toBe('');
    expect(await readdir(share.directory)).toEqual(['file']);
  });

  it('fails and hangs as it is told', async () => {
    share.mountError = 'mount.nfs: access denied';
    expect(await mount()).toBe('command-failed');
    share.mountError = undefined;
    share.hung = true;
    expect(await mount()).toBe('command-timeout');
    share.hung = false;
    expect(await mount()).toBe('done');
  });
});
