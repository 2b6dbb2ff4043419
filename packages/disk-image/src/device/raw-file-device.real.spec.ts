import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { GIB, MIB, type DataExtent } from '@scoria/core';

import { RawFileDevice } from './raw-file-device.js';

describe('RawFileDevice', () => {
  let directory: string;
  let path: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'raw-device-'));
    path = join(directory, 'disk');
    await writeFile(path, '');
    await truncate(path, 5 * GIB);
  });
  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  async function extentsOf(device: RawFileDevice): Promise<DataExtent[]> {
    const extents = [];
    for await (const extent of device.extents()) extents.push(extent);
    return extents;
  }

  it('reads back what was written, and maps it, beyond 4 GiB as well', async () => {
    const data = randomBytes(MIB);
    await using device = await RawFileDevice.open(path, 'read-write');
    await device.write(4 * GIB + MIB, data);
    await device.flush();
    expect((await device.read(4 * GIB + MIB, MIB)).equals(data)).toBe(true);
    expect(await extentsOf(device)).toEqual([
      { offset: 0, length: 4 * GIB + MIB, kind: 'zero' },
      { offset: 4 * GIB + MIB, length: MIB, kind: 'data' },
      { offset: 4 * GIB + 2 * MIB, length: GIB - 2 * MIB, kind: 'zero' },
    ]);
  });

  it('gives the room of zeroes back', async () => {
    await using device = await RawFileDevice.open(path, 'read-write');
    await device.write(0, randomBytes(4 * MIB));
    await device.flush();
    await device.zero(1000, 4 * MIB - 2000);
    const { blocks, size } = await stat(path);
    expect(blocks * 512).toBeLessThan(64 * 1024);
    expect(size).toBe(5 * GIB);
    expect((await device.read(1000, 4 * MIB - 2000)).every((byte) => byte === 0)).toBe(true);
    expect((await device.read(0, 1000)).every((byte) => byte === 0)).toBe(false);
  });

  it.each([
    [5 * GIB, 1],
    [-1, 1],
    [0, -1],
    [0.5, 1],
    [0, 5 * GIB + 1],
    [NaN, 1],
  ])('refuses %d with length %d', async (offset, length) => {
    await using device = await RawFileDevice.open(path, 'read-write');
    await expect(device.read(offset, length)).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(device.zero(offset, length)).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it('writes nothing when open for reading, and nothing at all when closed', async () => {
    const device = await RawFileDevice.open(path, 'read-only');
    await expect(device.write(0, Buffer.alloc(1))).rejects.toMatchObject({ code: 'invalid-state' });
    await device.close();
    await device.close();
    await expect(device.read(0, 1)).rejects.toMatchObject({ code: 'invalid-state' });
    await expect(device.flush()).rejects.toMatchObject({ code: 'invalid-state' });
    await expect(device.extents()[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'invalid-state',
    });
  });

  it('finishes what is under way before it closes', async () => {
    const data = randomBytes(8 * MIB);
    const device = await RawFileDevice.open(path, 'read-write');
    const writing = device.write(0, data);
    await device.close();
    await writing;
    await using file = await open(path);
    const { buffer } = await file.read(Buffer.alloc(8 * MIB), 0, 8 * MIB, 0);
    expect(buffer.equals(data)).toBe(true);
  });

  it('refuses links and what is no regular file', async () => {
    await symlink(path, join(directory, 'link'));
    await expect(RawFileDevice.open(join(directory, 'link'), 'read-only')).rejects.toMatchObject({
      code: 'unsafe-image',
    });
    await expect(RawFileDevice.open('/dev/zero', 'read-only')).rejects.toMatchObject({
      code: 'unsafe-image',
    });
    await expect(RawFileDevice.open('relative', 'read-only')).rejects.toMatchObject({
      code: 'invalid-input',
    });
  });

  it('notices that the file was made smaller', async () => {
    await using device = await RawFileDevice.open(path, 'read-only');
    await truncate(path, MIB);
    await expect(device.read(MIB - 1, 2)).rejects.toMatchObject({ code: 'failed' });
    expect(await readFile(path)).toHaveLength(MIB);
  });
});
