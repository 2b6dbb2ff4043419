import { GIB, MIB } from '@scoria/core';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { scoria } from '../commands/run-program.js';
import { CephCluster } from '../support/ceph-cluster.js';

let cluster: CephCluster;
let directory: string;

beforeAll(async () => {
  cluster = await CephCluster.start();
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
afterAll(() => cluster[Symbol.asyncDispose]());

async function run(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await scoria(directory, ...args);
  expect({ args, status, stderr }).toEqual({ args, status: 0, stderr: '' });
  return stdout;
}

/** 1 GiB, of which little is data. */
async function sparseFile(name: string): Promise<{ readonly file: string; readonly digest: string }> {
  const file = path.join(directory, name);
  await using handle = await open(file, 'w');
  for (const offset of [0, 300 * MIB, GIB - MIB]) await handle.write(randomBytes(MIB), 0, MIB, offset);
  // Zeroes that are no hole of the file.
  await handle.write(Buffer.alloc(64 * MIB), 0, 64 * MIB, 600 * MIB);
  return { file, digest: await digestOf(file) };
}

async function digestOf(file: string): Promise<string> {
  await using handle = await open(file);
  const hash = createHash('sha256');
  for await (const chunk of handle.createReadStream({ autoClose: false, highWaterMark: 4 * MIB }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function diskUse(image: string): Promise<number> {
  const extents = JSON.parse(await cluster.tool('rbd', 'diff', image, '--format', 'json')) as {
    length: string;
  }[];
  return extents.reduce((sum, { length }) => sum + Number(length), 0);
}

it('streams a file into an image and out again: zeroes stay holes, limits and features survive', async () => {
  await run('type', 'create', 'bare', '--qos', 'total_iops_sec=90000', '--spec', 'rbd:features=layering');
  const { id } = JSON.parse(
    await run('volume', 'create', 'data', '--size', '1', '--type', 'bare', '--json'),
  ) as { id: string };
  const image = `rbd/volume-${id}`;
  const { file, digest } = await sparseFile('image.raw');
  await run('volume', 'import', 'data', file);
  // In objects of 4 MiB a MiB may be counted as one.
  expect(await diskUse(image)).toBeLessThanOrEqual(3 * 4 * MIB);
  expect(JSON.parse(await cluster.tool('rbd', 'info', image, '--format', 'json'))).toMatchObject({
    features: ['layering'],
  });
  expect(await cluster.tool('rbd', 'image-meta', 'get', image, 'conf_rbd_qos_iops_limit')).toContain('90000');

  const out = path.join(directory, 'out.raw');
  await run('volume', 'export', 'data', out);
  expect(await digestOf(out)).toBe(digest);
  expect((await stat(out)).blocks * 512).toBeLessThanOrEqual(3 * 4 * MIB);

  // What was there before does not show through.
  const other = await sparseFile('other.raw');
  await run('volume', 'import', 'data', other.file);
  await run('volume', 'export', 'data', out, '--force');
  expect(await digestOf(out)).toBe(other.digest);
  expect(await diskUse(image)).toBeLessThanOrEqual(3 * 4 * MIB);
});
