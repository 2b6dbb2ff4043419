import { createContext, isDriverError, Logger } from '@scoria/core';
import { hostModule, mountRules, type AllowRule } from '@scoria/host';
import { bindMountedShares, MountedSharesOptions, ShareProvider } from '@scoria/remotefs';
import { execFileSync } from 'node:child_process';
import { Container } from 'inversify';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** Mounts a tmpfs of that size: a share whose server is this kernel. Needs root. */
const SHARE = 'server.example:/volume';

function tmpfsRules(base: string): AllowRule[] {
  const names = ['size', 'mode', 'ro', 'nosuid', 'nodev', 'gid'];
  const mount: AllowRule = {
    purpose: 'mount a test share',
    program: 'mount',
    args: [
      { kind: 'literal', text: '-t' },
      { kind: 'literal', text: 'tmpfs' },
      { kind: 'literal', text: '-o' },
      { kind: 'options', names },
      { kind: 'text', pattern: /[a-z]+\.example:\/[a-z]+/ },
      { kind: 'directory-in', base },
    ],
  };
  return [mount, ...mountRules(base)];
}

describe('mounted shares, with mount(8)', () => {
  let base: string;
  let mountPointBase: string;
  let sharesFile: string;

  beforeEach(async () => {
    base = await realpath(await mkdtemp(path.join(os.tmpdir(), 'real-shares-')));
    mountPointBase = path.join(base, 'mnt');
    sharesFile = path.join(base, 'shares');
    await mkdir(mountPointBase);
  });
  afterEach(async () => {
    for (const name of await mountedHere()) execFileSync('umount', [name]);
    await rm(base, { recursive: true });
  });

  async function mountedHere(): Promise<string[]> {
    const table = await readFile('/proc/self/mountinfo', 'utf8');
    const directories = table.split('\n').map((line) => line.split(' ')[4] ?? '');
    return directories.filter((directory) => directory.startsWith(`${mountPointBase}/`));
  }

  function create(options: Partial<MountedSharesOptions> = {}): ShareProvider {
    const container = new Container();
    container.load(
      hostModule({ log: { level: 'error' }, privileges: { allow: tmpfsRules(mountPointBase) } }),
    );
    bindMountedShares(container.bind.bind(container));
    const all = { fstype: 'tmpfs', sharesFile, mountPointBase, retryAfterMs: 0, trustMs: 0, ...options };
    container.bind<MountedSharesOptions>(MountedSharesOptions).toConstantValue(all);
    logger = container.get<Logger>(Logger);
    return container.get<ShareProvider>(ShareProvider);
  }

  let logger: Logger;
  const context = () => createContext({ requestId: 'req-1', logger });

  async function started(line: string, options: Partial<MountedSharesOptions> = {}): Promise<ShareProvider> {
    await writeFile(sharesFile, `${line}\n`);
    const shares = create(options);
    await shares.start(context());
    return shares;
  }

  async function refusalOf(work: Promise<unknown>): Promise<string> {
    const failure = await work.catch((error: unknown) => error);
    expect(isDriverError(failure, 'unavailable')).toBe(true);
    return (failure as Error).message;
  }

  it('mounts once, and finds the mount in the next process', async () => {
    await started(`${SHARE} -o size=1m`);
    const shares = await started(`${SHARE} -o size=1m`);
    expect(await mountedHere()).toEqual([shares.byName(SHARE).path]);
  });

  it('mounts once for two that start at the same time', async () => {
    await Promise.all([started(`${SHARE} -o size=1m`), started(`${SHARE} -o size=1m`)]);
    expect(await mountedHere()).toHaveLength(1);
  });

  it('lets no device and no set-user-id program be on a share', async () => {
    await started(`${SHARE} -o size=1m`);
    const table = await readFile('/proc/self/mountinfo', 'utf8');
    const line = table.split('\n').find((each) => each.includes(mountPointBase));
    expect(line).toMatch(/nosuid,nodev/);
  });

  it('mounts again what was unmounted', async () => {
    const shares = await started(`${SHARE} -o size=1m`);
    execFileSync('umount', [shares.byName(SHARE).path]);
    await shares.ensure(context(), SHARE);
    expect(await mountedHere()).toHaveLength(1);
  });

  it('refuses what is mounted from elsewhere', async () => {
    const shares = await started(`${SHARE} -o size=1m`);
    const { path: directory } = shares.byName(SHARE);
    execFileSync('umount', [directory]);
    execFileSync('mount', ['-t', 'tmpfs', 'other.example:/volume', directory]);
    expect(await refusalOf(shares.ensure(context(), SHARE))).toMatch(
      /other\.example:\/volume \(tmpfs\) is mounted on its mount point .* where it should be itself/,
    );
    expect(await mountedHere()).toHaveLength(1);
  });

  it('cannot use a share that is read-only, and can as soon as it is writable', async () => {
    expect(await refusalOf(started(`${SHARE} -o ro`))).toMatch(
      /it is mounted read-only; mount it for writing/,
    );
    const [directory] = await mountedHere();
    execFileSync('mount', ['-o', 'remount,rw', directory!]);
    const shares = await started(SHARE);
    expect(await shares.available(context())).toHaveLength(1);
  });

  it('can use a share that is full, since its volumes can be read and deleted', async () => {
    const shares = await started(`${SHARE} -o size=64k`);
    const { path: directory } = shares.byName(SHARE);
    await expect(writeFile(path.join(directory, 'volume'), Buffer.alloc(1024 * 1024))).rejects.toThrow(
      /ENOSPC/,
    );
    expect(await shares.available(context())).toHaveLength(1);
    expect(await readdir(path.join(directory, '.scoria'))).toEqual([]);
  });

  it("gives the share to the service's group, which may write on it", async () => {
    const gid = 12_345;
    const shares = await started(`${SHARE} -o size=1m,mode=0700`, { gid });
    const found = await stat(shares.byName(SHARE).path);
    expect([found.gid, found.mode & 0o777]).toEqual([gid, 0o720]);
  });

  it('asks mount(8) for nothing that the helper would not allow for NFS', async () => {
    const message = await refusalOf(
      started('[::1]:/export -o vers=4.2,hard', { fstype: 'nfs', gid: 12_345 }),
    );
    expect(message).toMatch(/it cannot be mounted/);
    expect(message).not.toMatch(/not run with privileges/);
  });

  it('names each share and what mount(8) said when none can be mounted', async () => {
    const message = await refusalOf(
      started(`${SHARE} -o size=nonsense\nother.example:/volume -o size=worse`),
    );
    expect(message).toMatch(
      /server\.example:\/volume: it cannot be mounted: .*; other\.example:\/volume: it cannot/s,
    );
    expect(await mountedHere()).toEqual([]);
  });
});
