import type { RbdImage } from '@scoria/librbd';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { scoria } from '../commands/run-program.js';
import { CephCluster } from '../support/ceph-cluster.js';
import { CephStorage } from './ceph-storage.js';

let cluster: CephCluster;
let storage: CephStorage;
let directory: string;

beforeAll(async () => {
  cluster = await CephCluster.start();
  storage = await CephStorage.open(cluster);
  directory = path.join(cluster.directory, 'host');
  await mkdir(directory);
  const configuration = [
    'enabled_backends: [ceph]',
    'backends:',
    '  ceph:',
    "    volume_driver: '@scoria/driver-rbd'",
    '    rbd_ceph_conf: ../ceph.conf',
  ];
  await writeFile(path.join(directory, 'scoria.yaml'), `${configuration.join('\n')}\n`);
});
afterAll(async () => {
  await storage[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

async function json<T>(...args: string[]): Promise<T> {
  const { status, stdout, stderr } = await scoria(directory, ...args, '--json');
  expect({ args, status, stderr }).toEqual({ args, status: 0, stderr: '' });
  return JSON.parse(stdout) as T;
}

async function refused(...args: string[]): Promise<string> {
  const { status, stderr } = await scoria(directory, ...args);
  expect(status).toBe(1);
  return stderr;
}

interface Shown {
  readonly id: string;
  readonly status: string;
}

async function limitsOf(image: RbdImage): Promise<Record<string, string>> {
  const metadata = [...(await image.metadata())];
  return Object.fromEntries(metadata.filter(([key]) => key.startsWith('conf_rbd_qos_')));
}

async function featuresOf(id: string): Promise<readonly string[]> {
  await using image = await storage.pool.openImage(`volume-${id}`, { readOnly: true });
  return (await image.info()).features;
}

async function guestOf(id: string): Promise<RbdImage> {
  return storage.pool.openImage(`volume-${id}`);
}

it('another type changes the limits of a volume that a guest writes to, and its features once that has gone', async () => {
  await json('type', 'create', 'slow', '--qos', 'total_iops_sec=500');
  await json('type', 'create', 'fast', '--qos', 'total_iops_sec=90000', '--qos', 'consumer=back-end');
  await json('type', 'create', 'bare', '--spec', 'rbd:features=layering');
  const { id } = await json<Shown>('volume', 'create', 'data', '--size', '1', '--type', 'slow');
  const before = await featuresOf(id);
  await json('volume', 'attach', 'data', '--host', 'node-1');
  await using guest = await guestOf(id);
  await guest.write(0, Buffer.from('written before'));
  expect(await limitsOf(guest)).toEqual({ conf_rbd_qos_iops_limit: '500' });

  expect((await json<Shown>('volume', 'retype', 'data', 'fast')).status).toBe('in-use');
  expect(await limitsOf(guest)).toEqual({ conf_rbd_qos_iops_limit: '90000' });
  await guest.write(4096, Buffer.from('written after'));
  expect(await refused('volume', 'retype', 'data', 'bare')).toMatch(/detach|guest/);
  expect([(await json<Shown>('volume', 'show', 'data')).status, await featuresOf(id)]).toEqual([
    'in-use',
    before,
  ]);

  await guest.close();
  await json('volume', 'detach', 'data');
  expect((await json<Shown>('volume', 'retype', 'data', 'bare')).status).toBe('available');
  const exclusive = ['exclusive-lock', 'object-map', 'fast-diff'];
  expect(await featuresOf(id)).toEqual(before.filter((name) => !exclusive.includes(name)));
  await json('volume', 'retype', 'data', 'slow');
  expect(await featuresOf(id)).toEqual(before);
  await using again = await storage.pool.openImage(`volume-${id}`, { readOnly: true });
  expect(await limitsOf(again)).toEqual({ conf_rbd_qos_iops_limit: '500' });
  expect((await again.read(4096, 13)).toString()).toBe('written after');
  await again.close();
  await json('volume', 'delete', 'data');
});

it('two guests have a volume whose type says so, and no other', async () => {
  await json('type', 'create', 'shared', '--spec', 'multiattach=<is> True');
  const single = await json<Shown>('volume', 'create', 'single', '--size', '1');
  const { id } = await json<Shown>('volume', 'create', 'both', '--size', '1', '--type', 'shared');
  for (const name of ['single', 'both']) await json('volume', 'attach', name, '--host', 'node-1');
  expect(await refused('volume', 'attach', 'single', '--host', 'node-2')).toContain('node-1');
  await json('volume', 'attach', 'both', '--host', 'node-2');
  const { attachments } = await json<{ attachments: { attachment_id: string }[] }>('volume', 'show', 'both');
  expect(attachments).toHaveLength(2);

  await using first = await guestOf(id);
  await using second = await guestOf(id);
  for (const [index, guest] of [first, second, first, second].entries())
    await guest.write(index * 4096, Buffer.from(`part ${index}`));
  expect((await first.read(3 * 4096, 6)).toString()).toBe('part 3');
  await Promise.all([first.close(), second.close()]);

  for (const { attachment_id: attachment } of attachments) await json('volume', 'detach', 'both', attachment);
  await json('volume', 'detach', 'single');
  expect((await json<Shown>('volume', 'show', 'both')).status).toBe('available');
  // What several guests may write to has no lock of one.
  expect((await featuresOf(id)).includes('exclusive-lock')).toBe(false);
  await json('volume', 'retype', 'single', 'shared');
  expect(await featuresOf(single.id)).toEqual(await featuresOf(id));
  for (const name of ['single', 'both']) await json('volume', 'delete', name);
  expect(await storage.names()).toEqual([]);
});
