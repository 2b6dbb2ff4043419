import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { programOf } from '../commands/run-program.js';
import { GlusterServer } from '../support/gluster-server.js';

const run = promisify(execFile);

let server: GlusterServer;
let directory: string;
beforeAll(async () => {
  server = await GlusterServer.start();
  const share = await server.createVolume('volumes');
  directory = path.join(server.directory, 'host');
  await mkdir(directory);
  await writeFile(path.join(directory, 'shares'), `${share}\n`);
  const configuration = [
    'enabled_backends: [gluster]',
    'backends:',
    '  gluster:',
    '    volume_driver: cinder.volume.drivers.glusterfs.GlusterfsDriver',
    '    glusterfs_shares_config: ./shares',
    '    glusterfs_mount_point_base: ./mounts',
  ];
  await writeFile(path.join(directory, 'scoria.yaml'), `${configuration.join('\n')}\n`);
});
afterAll(() => server[Symbol.asyncDispose]());

/** A command on a host that is in the server's network. */
async function scoria(...args: string[]): Promise<string> {
  const command = [process.execPath, programOf('packages/cli/bin/scoria.cjs'), ...args];
  const { stdout } = await run('nsenter', [server.network, ...command], { cwd: directory, timeout: 60_000 });
  return stdout;
}

async function put(text: string): Promise<void> {
  const file = path.join(directory, 'text');
  await writeFile(file, text);
  await scoria('volume', 'import', 'data', file);
}

async function get(volume: string): Promise<string> {
  const file = path.join(directory, `${volume}.img`);
  await scoria('volume', 'export', volume, file);
  const bytes = await readFile(file);
  return bytes.subarray(0, bytes.indexOf(0)).toString();
}

it('does the main job by the command, which mounts the share', async () => {
  await scoria('volume', 'create', 'data', '--size', '1');
  await put('monday');
  await scoria('snapshot', 'create', 'data', 'first');
  await put('tuesday');
  await scoria('snapshot', 'create', 'data', 'second');
  await put('wednesday');
  await scoria('snapshot', 'delete', 'first');
  await scoria('volume', 'create', 'restored', '--from-snapshot', 'second');
  expect([await get('data'), await get('restored')]).toEqual(['wednesday', 'tuesday']);
  await scoria('volume', 'revert', 'data', 'second');
  await scoria('volume', 'extend', 'restored', '2');
  const listed = JSON.parse(await scoria('--json', 'volume', 'list')) as { name: string; size: number }[];
  expect(listed.map(({ name, size }) => [name, size])).toEqual([
    ['restored', 2],
    ['data', 1],
  ]);
  expect(await scoria('backend', 'audit', 'gluster')).toContain('nothing is wrong');
  await scoria('volume', 'delete', 'data', '--cascade');
  await scoria('volume', 'delete', 'restored');
  expect(await scoria('backend', 'audit', 'gluster')).toBe(
    '0 volume(s) and 0 snapshot(s) checked on gluster: nothing is wrong\n',
  );
});
