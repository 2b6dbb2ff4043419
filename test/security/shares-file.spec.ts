import { CommandRunner, createBackend, messageOf } from '@scoria/core';
import nfsPlugin from '@scoria/driver-nfs';
import { hostModule } from '@scoria/host';
import { parseSharesFile } from '@scoria/remotefs';
import { makeContext } from '@scoria/testkit';
import { Container } from 'inversify';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SpiedRunner } from './spied-runner.js';

/* A line of a shares file ends as arguments of mount(8), which runs with privileges. */

const HOSTILE: readonly string[] = [
  '-o suid host:/x',
  '--bind:/x',
  '/etc',
  'host:/../etc',
  'host:relative',
  '-host:/x',
  'ho st:/x extra',
  'host:/x; reboot',
  'host:/x -o suid',
  'host:/x -o dev',
  'host:/x -o rw,suid',
  'host:/x -o bind',
  'host:/x -o RBIND',
  'host:/x -o remount,rw',
  'host:/x -o loop=/dev/loop0',
  'host:/x -o helper=/tmp/evil',
  'host:/x -o x-mount.mkdir',
  'host:/x -o X-mount.owner=root',
  'host:/x -o vers=4,--bind',
  'host:/x -o vers=-T',
  'host:/x -o a$(reboot)',
  'host:/x -o a`reboot`',
  'host:/x -o a\\040b',
  'host:/x --types=bind',
  'host:/x\u0000y',
  'host:/x\u001b[2J',
  'host:/x\u202ey',
  '[::1',
  '[not-an-address]:/x',
  'host:/x -o password=hunter2,suid',
];

test.each(HOSTILE)('the line %j gives no share', (line) => {
  const { shares, problems } = parseSharesFile(`${line}\n`);
  expect(shares).toEqual([]);
  expect(problems).toHaveLength(1);
  expect(problems[0]?.reason).not.toMatch(/hunter2|\p{Cc}|\u202e/u);
});

test('nothing is run for a shares file of such lines', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'scoria-shares-'));
  const nfs_shares_config = path.join(directory, 'shares');
  await writeFile(nfs_shares_config, HOSTILE.join('\n'));
  const container = new Container();
  container.load(hostModule({ log: { level: 'error' } }));
  const commands = new SpiedRunner(container.get<CommandRunner>(CommandRunner));
  container.rebind<CommandRunner>(CommandRunner).toConstantValue(commands);
  const nfs_mount_point_base = path.join(directory, 'mnt');
  const options = { nfs_shares_config, nfs_mount_point_base };
  const backend = await createBackend(container, nfsPlugin, {
    name: 'nfs',
    options,
    stateDirectory: directory,
  });
  const error: unknown = await backend.start(makeContext()).catch((reason: unknown) => reason);
  await backend.stop(makeContext());
  expect(messageOf(error)).toMatch(/has no line that can be used \(line 1 /);
  expect(messageOf(error)).not.toContain('hunter2');
  expect(commands.requests).toEqual([]);
  expect(await readdir(directory)).toEqual(['shares']);
  await rm(directory, { recursive: true });
});
