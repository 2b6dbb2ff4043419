import { MIB } from '@scoria/core';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GlusterServer } from '../support/gluster-server.js';
import { GlusterBackend } from './gluster-backend.js';
import type { GlusterBackendOptions } from './gluster-backend.js';

let server: GlusterServer;
let share: string;
beforeAll(async () => {
  server = await GlusterServer.start();
  share = await server.createVolume('one', { bytes: 64 * MIB });
});
afterAll(() => server[Symbol.asyncDispose]());

/** Why a backend does not start. */
async function refusal(settings: GlusterBackendOptions): Promise<string> {
  await using backend = await GlusterBackend.create(server, settings);
  const error: unknown = await backend.start().catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'unavailable' });
  await expectNothingMounted(backend.mountPointBase);
  return (error as Error).message;
}

/** A client that could not reach its volume takes its mount away by itself, a moment after it has said so. */
async function expectNothingMounted(directory: string): Promise<void> {
  const end = Date.now() + 5000;
  while ((await mountedIn(directory)).length > 0 && Date.now() < end) await delay(50);
  expect(await mountedIn(directory)).toEqual([]);
}

async function mountedIn(directory: string): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  return table.split('\n').filter((line) => line.includes(` ${directory}/`));
}

test.each<[string, string | undefined, RegExp]>([
  ['no shares file', undefined, /the shares file .*\/shares does not exist; write 'host:\/volume'/],
  ['an empty one', '# none', /has no share in it/],
  ['a server that is down', 'DEAD:/one', /10\.77\.0\.9:\/one: it cannot be mounted: .*failed/],
  [
    'a volume that is not there',
    'ADDRESS:/none',
    /\/none: it (cannot be mounted: .*failed|was mounted, but)/,
  ],
  ['every share down', 'DEAD:/one\nADDRESS:/none', /10\.77\.0\.9:\/one: .*; 10\.77\.0\.1:\/none: it /],
  ['a mount option there is not', 'ADDRESS:/one -o acl,nonsense', /it cannot be mounted: .*no rule allows/],
  ['a wrong value of one', 'ADDRESS:/one -o log-level=acl,transport=pigeon', /it cannot be mounted: /],
])('a backend with %s does not start, and says why', async (_what, lines, message) => {
  const shares = lines?.replaceAll('ADDRESS', server.address).replaceAll('DEAD', server.deadAddress);
  expect(await refusal(shares === undefined ? {} : { shares })).toMatch(message);
});

test('a share that is mounted read-only is not used', async () => {
  await using backend = await GlusterBackend.create(server, { shares: `${share} -o ro` });
  await expect(backend.start()).rejects.toThrow(/it is mounted read-only; mount it for writing/);
});

test('a volume that its servers make read-only is not used, and is as soon as they do not', async () => {
  await server.createVolume('frozen', { bytes: 64 * MIB });
  await server.gluster('volume', 'set', 'frozen', 'features.read-only', 'on');
  const shares = `${server.address}:/frozen`;
  await using backend = await GlusterBackend.create(server, { shares });
  await expect(backend.start()).rejects.toThrow(/it is mounted read-only/);
});

test('no line of a shares file makes mount.glusterfs write a file of the host', async () => {
  const canary = path.join(server.directory, 'canary');
  await writeFile(canary, 'untouched');
  const lines = [
    `${share} -o log-file=${canary}`,
    `${share} -o log-level=INFO,dump-fuse=${canary}`,
    `${share} -o fuse-mountopts=suid`,
    `${share} -o xlator-option=x`,
    `${share}\\040--log-file=${canary}`,
    `${share} -o suid`,
    `-o log-file=${canary} ${share}`,
  ];
  expect(await refusal({ shares: lines.join('\n') })).toMatch(
    /has no line that can be used \(line 1 has the mount option 'log-file', which is not allowed/,
  );
  expect(await readFile(canary, 'utf8')).toBe('untouched');
  expect((await readdir(server.directory)).sort()).toContain('canary');
});

describe('where mount.glusterfs is missing', () => {
  let holder: ChildProcessWithoutNullStreams;
  let mounts: string;
  beforeAll(async () => {
    holder = spawn('unshare', ['--mount', 'cat']);
    holder.stdin.write('ready\n');
    await once(holder.stdout, 'data');
    mounts = `--mount=/proc/${String(holder.pid)}/ns/mnt`;
    const hide = ['mount', '-t', 'tmpfs', 'tmpfs', '/usr/sbin'];
    execFileSync('nsenter', [mounts, ...hide], { timeout: 60_000 });
  });
  afterAll(async () => {
    const ended = once(holder, 'close');
    holder.stdin.end();
    await ended;
  });

  test('the error says which package has it', async () => {
    expect(await refusal({ shares: share, namespaces: [mounts, server.network] })).toMatch(
      /unknown filesystem type 'glusterfs'.*; is mount\.glusterfs installed\?/s,
    );
  });
});
