import { createContext, isDriverError, type Logger } from '@scoria/core';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { LocalDirectory } from './local-directory.js';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const context = createContext({ requestId: 'req-1', logger: silent });

describe('LocalDirectory', () => {
  let base: string;
  beforeEach(async () => {
    base = await mkdtemp(path.join(os.tmpdir(), 'local-directory-'));
  });
  afterEach(async () => {
    await rm(base, { recursive: true, force: true });
  });

  it('makes a missing directory that others cannot look into, and is named after it', async () => {
    const directory = path.join(base, 'a', 'volumes');
    const shares = new LocalDirectory({ directory });
    await shares.start(context);

    expect((await stat(directory)).mode & 0o777 & ~0o750).toBe(0);
    expect(await shares.available()).toEqual([{ share: directory, path: directory }]);
    expect(shares.byName(directory).path).toBe(directory);
  });

  it('starts twice, and leaves no probe behind', async () => {
    const shares = new LocalDirectory({ directory: base });
    await shares.start(context);
    await shares.start(context);
    expect(await readdir(base)).toEqual(['.scoria']);
    expect(await readdir(path.join(base, '.scoria'))).toEqual([]);
  });

  it('drops what makes two names of one directory', async () => {
    const shares = new LocalDirectory({ directory: `${base}/x/../` });
    await shares.start(context);
    expect(shares.byName(base).path).toBe(base);
  });

  it('refuses a relative path', () => {
    expect(() => new LocalDirectory({ directory: 'volumes' })).toThrow(/must be an absolute path.*"volumes"/);
  });

  it('does not know other shares, and says what to do', async () => {
    const shares = new LocalDirectory({ directory: base });
    await shares.start(context);
    await expect(shares.ensure(context, 'host:/volume')).rejects.toThrow(
      /"host:\/volume" is not one of .*; if volumes are on it/,
    );
  });

  it('is not usable before it was started', () => {
    const shares = new LocalDirectory({ directory: base });
    expect(() => shares.byName(base)).toThrow(/not looked at yet/);
    expect([...shares.problems()]).toEqual([[base, 'it was not looked at yet']]);
  });

  it('reports a directory that vanished and does not make an empty one in its place', async () => {
    const shares = new LocalDirectory({ directory: path.join(base, 'v') });
    await shares.start(context);
    await rm(path.join(base, 'v'), { recursive: true });
    expect(await shares.available()).toEqual([]);
    await expect(shares.ensure(context, path.join(base, 'v'))).rejects.toThrow(/directory does not exist/);
    await mkdir(path.join(base, 'v'));
    expect(await shares.available()).toHaveLength(1);
  });

  it.each([
    ['a file in its place', async (dir: string) => writeFile(dir, ''), /cannot be made|not a directory/],
    [
      'a hidden directory that is a link elsewhere',
      async (dir: string) => {
        await mkdir(dir);
        await symlink('/', path.join(dir, '.scoria'));
      },
      /is there and is not a directory; remove it/,
    ],
  ])('refuses %s', async (_case, prepare, message) => {
    const directory = path.join(base, 'v');
    await prepare(directory);
    const failure = await new LocalDirectory({ directory }).start(context).catch((error: unknown) => error);
    expect(isDriverError(failure, 'unavailable')).toBe(true);
    expect((failure as Error).message).toMatch(message);
  });

  it('keeps the permissions of a directory that was there', async () => {
    await chmod(base, 0o770);
    await new LocalDirectory({ directory: base }).start(context);
    expect((await stat(base)).mode & 0o777).toBe(0o770);
  });

  it('is cancelled with its operation', async () => {
    const cancelled = createContext({ requestId: 'req-2', logger: silent, signal: AbortSignal.abort() });
    const failure = await new LocalDirectory({ directory: base })
      .start(cancelled)
      .catch((error: unknown) => error);
    expect(isDriverError(failure, 'cancelled')).toBe(true);
  });
});
