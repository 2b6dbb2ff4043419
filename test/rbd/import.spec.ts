import { MIB } from '@scoria/core';
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, stat, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { scoria } from '../commands/run-program.js';
import { CephCluster } from '../support/ceph-cluster.js';

const SIZE = 256 * MIB;
const execute = promisify(execFile);
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

function idOf(shown: string): string {
  return (JSON.parse(shown) as { id: string }).id;
}

/** Of which little is data. */
async function sparseFile(name: string): Promise<string> {
  const file = path.join(directory, name);
  await using handle = await open(file, 'w');
  for (const offset of [0, 100 * MIB, SIZE - MIB]) await handle.write(randomBytes(MIB), 0, MIB, offset);
  // Zeroes that are no hole of the file.
  await handle.write(Buffer.alloc(32 * MIB), 0, 32 * MIB, 150 * MIB);
  return file;
}

/** Rejects where a volume that was exported differs from what was imported. */
async function expectSame(file: string, other: string): Promise<void> {
  await execute('cmp', ['--bytes', String(SIZE), file, other]);
}

async function diskUse(image: string): Promise<number> {
  const extents = JSON.parse(await cluster.tool('rbd', 'diff', image, '--format', 'json')) as {
    length: string;
  }[];
  return extents.reduce((sum, { length }) => sum + Number(length), 0);
}

it('streams a file into an image and out again: zeroes stay holes, limits and features survive', async () => {
  await run('type', 'create', 'bare', '--qos', 'total_iops_sec=90000', '--spec', 'rbd:features=layering');
  const made = await run('volume', 'create', 'data', '--size', '1', '--type', 'bare', '--json');
  const image = `rbd/volume-${idOf(made)}`;
  const file = await sparseFile('image.raw');
  await run('volume', 'import', 'data', file);
  // In objects of 4 MiB a MiB may be counted as one.
  expect(await diskUse(image)).toBeLessThanOrEqual(3 * 4 * MIB);
  expect(JSON.parse(await cluster.tool('rbd', 'info', image, '--format', 'json'))).toMatchObject({
    features: ['layering'],
  });
  expect(await cluster.tool('rbd', 'image-meta', 'get', image, 'conf_rbd_qos_iops_limit')).toContain('90000');

  const out = path.join(directory, 'out.raw');
  await run('volume', 'export', 'data', out);
  await expectSame(file, out);
  expect((await stat(out)).blocks * 512).toBeLessThanOrEqual(3 * 4 * MIB);

  // What was there before does not show through.
  const other = await sparseFile('other.raw');
  await run('volume', 'import', 'data', other);
  await run('volume', 'export', 'data', out, '--force');
  await expectSame(other, out);
  expect(await diskUse(image)).toBeLessThanOrEqual(3 * 4 * MIB);
});

it('converts a qcow2 file on its way into an image, once, and takes none that is not safe', async () => {
  await run('volume', 'create', 'disk', '--size', '1');
  const image = `rbd/volume-${idOf(await run('volume', 'show', 'disk', '--json'))}`;
  const file = await sparseFile('disk.raw');
  const qcow2 = path.join(directory, 'disk.qcow2');
  await execute('qemu-img', ['convert', '-c', '-f', 'raw', '-O', 'qcow2', file, qcow2]);
  await run('volume', 'import', 'disk', qcow2, '--format', 'qcow2');
  const out = path.join(directory, 'disk.out');
  await run('volume', 'export', 'disk', out);
  await expectSame(file, out);
  expect(await diskUse(image)).toBeLessThanOrEqual(3 * 4 * MIB);
  expect(await readdir(directory)).toEqual(expect.not.arrayContaining([expect.stringContaining('part')]));

  const onOther = path.join(directory, 'on-other.qcow2');
  await execute('qemu-img', ['create', '-f', 'qcow2', '-b', qcow2, '-F', 'qcow2', onOther]);
  const large = path.join(directory, 'large.qcow2');
  await execute('qemu-img', ['create', '-f', 'qcow2', large, '2G']);
  for (const [wrong, reason] of [
    [onOther, /backing-file/],
    [file, /claim-mismatch/],
    [large, /does not fit/],
  ] as const) {
    const { status, stderr } = await scoria(
      directory,
      'volume',
      'import',
      'disk',
      wrong,
      '--format',
      'qcow2',
    );
    expect([status, stderr]).toEqual([2, expect.stringMatching(reason)]);
  }
  expect(await run('volume', 'show', 'disk')).toMatch(/available/);
});
