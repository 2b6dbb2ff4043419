import { mkdir, open, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { scoria } from '../commands/run-program.js';
import { CephCluster } from '../support/ceph-cluster.js';
import { CephStorage } from './ceph-storage.js';

let cluster: CephCluster;
let storage: CephStorage;
let directory: string;

beforeAll(async () => {
  cluster = await CephCluster.start({ pools: ['volumes'], cloneFormat: 1 });
  storage = await CephStorage.open(cluster, { rbd_pool: 'volumes' });
  directory = path.join(cluster.directory, 'host');
  await mkdir(directory);
  const configuration = [
    'enabled_backends: [ceph]',
    'backends:',
    '  ceph:',
    '    volume_driver: cinder.volume.drivers.rbd.RBDDriver',
    '    rbd_pool: volumes',
    '    rbd_ceph_conf: ../ceph.conf',
    '    rbd_max_clone_depth: 2',
  ];
  await writeFile(path.join(directory, 'scoria.yaml'), `${configuration.join('\n')}\n`);
});
afterAll(async () => {
  await storage[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

async function run(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await scoria(directory, ...args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

async function put(volume: string, text: string): Promise<void> {
  const file = path.join(directory, 'text');
  await writeFile(file, text);
  await run('volume', 'import', volume, file);
}

async function get(volume: string): Promise<string> {
  const file = path.join(directory, `${volume}.img`);
  await run('volume', 'export', volume, file, '--force');
  await using handle = await open(file);
  const { buffer } = await handle.read({ buffer: Buffer.alloc(512) });
  return buffer.subarray(0, buffer.indexOf(0)).toString();
}

it('does the main job by the command, under the name that Cinder has for the driver', async () => {
  await run('volume', 'create', 'data', '--size', '1');
  await put('data', 'monday');
  await run('snapshot', 'create', 'data', 'first');
  await put('data', 'tuesday');
  await run('volume', 'create', 'copy', '--from-volume', 'data');
  await run('volume', 'create', 'restored', '--from-snapshot', 'first');
  expect(await get('restored')).toBe('monday');

  await run('volume', 'extend', 'copy', '2');
  await run('volume', 'revert', 'data', 'first');
  expect(await get('data')).toBe('monday');

  expect(await run('volume', 'chain', 'restored')).toMatch(/volume-\S+@snapshot-\S+ [^]*└─ volume restored /);
});

it('deletes in any order, and leaves nothing', async () => {
  const refused = await scoria(directory, 'snapshot', 'delete', 'first');
  expect([refused.status, refused.stderr]).toEqual([1, expect.stringMatching(/depends on it/)]);
  expect(await run('snapshot', 'blockers', 'first')).toMatch(
    /needed by volume restored \S+: reads its data\n {2}delete is blocked by volume restored .*scoria volume delete /,
  );
  const dryRun = await scoria(directory, 'snapshot', 'delete', 'first', '--dry-run');
  expect([dryRun.status, dryRun.stdout]).toEqual([1, expect.stringMatching(/depends on it/)]);
  expect(await run('volume', 'blockers', 'data')).toMatch(/delete is blocked by snapshot first/);
  await run('volume', 'delete', 'restored');
  await run('snapshot', 'delete', 'first');
  await run('volume', 'delete', 'data');
  expect((await storage.names()).some((name) => name.endsWith('.deleted'))).toBe(true);
  expect(await get('copy')).toBe('tuesday');
  expect(await run('volume', 'chain', 'copy')).toMatch(
    /^base volume-\S+\.deleted@volume-\S+\.clone_snap [^]*└─ volume copy \S+ {2}available/,
  );
  expect(await run('volume', 'blockers', 'copy')).toContain('nothing is in the way of deleting it');
  expect(await run('volume', 'delete', 'copy', '--dry-run')).toMatch(
    /remove volume-\S+\n.*unprotect volume-\S+\.deleted@\S+\n.*remove the snapshot \S+\n.*remove volume-\S+\.deleted\n/,
  );
  expect(await run('backend', 'audit', 'ceph')).toContain('nothing is wrong');
  await run('volume', 'delete', 'copy');
  expect(await storage.names()).toEqual([]);
  expect(await storage.journal()).toEqual([]);
});
