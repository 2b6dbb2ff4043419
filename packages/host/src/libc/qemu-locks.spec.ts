import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isOpenInQemu, keepFromQemu } from './qemu-locks.js';

let directory: string;
let image: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'scoria-locks-'));
  image = path.join(directory, 'image');
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', image, '1M']);
});
afterEach(() => rm(directory, { recursive: true }));

/** Has qemu-io open the image for as long as `use` runs. */
async function whileOpen<T>(args: readonly string[], use: () => Promise<T>): Promise<T> {
  const child = spawn('qemu-io', [...args, '-f', 'qcow2', image], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  try {
    child.stdin.write('length\n');
    await once(child.stdout, 'data');
    return await use();
  } finally {
    child.stdin.end('quit\n');
    await ended;
  }
}

test('an image that nobody has open is not in use', async () => {
  expect(await isOpenInQemu(image)).toEqual({ writing: false });
});

test('one that is written to is, for as long as it is', async () => {
  expect(await whileOpen([], () => isOpenInQemu(image))).toEqual({ writing: true });
  expect(await isOpenInQemu(image)).toEqual({ writing: false });
});

test('one that is only read is not', async () => {
  expect(await whileOpen(['-r'], () => isOpenInQemu(image))).toEqual({ writing: false });
});

test('a file that is not there is not open', async () => {
  expect(await isOpenInQemu(path.join(directory, 'gone'))).toEqual({ writing: false });
});

test('a link is not followed', async () => {
  const link = path.join(directory, 'link');
  await symlink(image, link);
  await expect(isOpenInQemu(link)).rejects.toMatchObject({ code: 'ELOOP' });
});

describe('keepFromQemu', () => {
  const write = (): { status: number | null; stderr: string } =>
    spawnSync('qemu-io', ['-f', 'qcow2', '-c', 'write 0 4096', image], { encoding: 'utf8' });

  test('has QEMU refuse to open an image, until it is over', async () => {
    const kept = await keepFromQemu(image);
    if (typeof kept === 'string') throw new Error(kept);
    expect(write()).toMatchObject({ status: 1, stderr: expect.stringContaining('lock') as string });
    expect(await isOpenInQemu(image)).toEqual({ writing: false });
    await kept[Symbol.asyncDispose]();
    expect(write().status).toBe(0);
  });

  test.each<[string, string[]]>([
    ['to change it', []],
    ['to read it', ['-r']],
  ])('does not keep one that is open already %s', async (_, args) => {
    expect(await whileOpen(args, () => keepFromQemu(image))).toBe('in-use');
    expect(write().status).toBe(0);
  });

  test('lets its holder remove the file', async () => {
    const kept = await keepFromQemu(image);
    if (typeof kept === 'string') throw new Error(kept);
    await unlink(image);
    await kept[Symbol.asyncDispose]();
    await expect(keepFromQemu(image)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
