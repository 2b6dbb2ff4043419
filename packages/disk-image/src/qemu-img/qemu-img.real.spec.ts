import { randomBytes } from 'node:crypto';
import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { GIB, MIB } from '@scoria/core';

import { RawFileDevice } from '../device/raw-file-device.js';
import { TestChain, firstDifference } from '../spec-support/test-chain.js';
import { readVirtualSize } from './virtual-size.js';

describe('QemuImg on real files', () => {
  let chain: TestChain;
  beforeEach(async () => {
    chain = await TestChain.create();
  });
  afterEach(async () => {
    await chain.remove();
  });

  const pathOf = (name: string): string => join(chain.directory, name);

  it('takes a name with a protocol, a comma and a brace in it for a name', async () => {
    const path = pathOf('nbd:{a},file.filename=b c');
    const layer = { path, format: 'qcow2' } as const;
    await chain.qemuImg.create({ ...layer, sizeBytes: MIB }, chain);
    await chain.qemuImg.resize([layer], 2 * MIB, chain);
    await chain.qemuImg.rebaseUnsafe({ path, backingName: '-base, not there', backingFormat: 'raw' }, chain);
    await chain.qemuImg.convert(layer, { path: pathOf('json:{}'), format: 'raw' }, chain);
    expect(await chain.qemuImg.check(path, chain)).toEqual({ corruptions: 0, leaks: 0 });
    expect((await stat(pathOf('json:{}'))).size).toBe(2 * MIB);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('takes a guest’s qcow2 header in a raw file for data', async () => {
    const raw = { path: pathOf('raw'), format: 'raw' } as const;
    await writeFile(pathOf('secret'), 'canary');
    await chain.qemuImg.create({ path: pathOf('evil'), format: 'qcow2', sizeBytes: MIB }, chain);
    await chain.qemuImg.rebaseUnsafe(
      { path: pathOf('evil'), backingName: 'secret', backingFormat: 'raw' },
      chain,
    );
    const evil = await readFile(pathOf('evil'));
    await writeFile(raw.path, evil);
    await truncate(raw.path, MIB);
    await chain.qemuImg.resize([raw], 2 * MIB, chain);
    await chain.qemuImg.convert(raw, { path: pathOf('out'), format: 'raw' }, chain);
    const out = await readFile(pathOf('out'));
    expect(out.subarray(0, evil.length).equals(evil)).toBe(true);
    expect(out).toHaveLength(2 * MIB);
  });

  it('does not follow a backing file that only a header names', async () => {
    const image = { path: pathOf('image'), format: 'qcow2' } as const;
    await writeFile(pathOf('secret'), 'canary'.padEnd(1024));
    await chain.qemuImg.create({ ...image, sizeBytes: MIB }, chain);
    await chain.qemuImg.rebaseUnsafe(
      { path: image.path, backingName: 'secret', backingFormat: 'raw' },
      chain,
    );
    await chain.qemuImg.convert(image, { path: pathOf('out'), format: 'raw' }, chain);
    expect((await readFile(pathOf('out'))).includes('canary')).toBe(false);
  });

  it('grows an overlay, whose new end reads as zeroes even above a larger base', async () => {
    await chain.addBase('raw', 4 * MIB);
    await chain.write(0, { offset: 0, length: 4 * MIB, byte: 0x11 });
    await chain.addOverlay(2 * MIB);
    await chain.qemuImg.resize(chain.layers(), 3 * MIB, chain);
    const expected = Buffer.alloc(3 * MIB).fill(0x11, 0, 2 * MIB);
    await chain.expectLayer(1, expected);
  });

  it('flattens a chain, over old data as well', async () => {
    await chain.addBase('raw', 2 * MIB);
    await chain.scribble(0, 5);
    await chain.addOverlay(2 * MIB);
    await chain.scribble(1, 5);
    await writeFile(pathOf('out'), randomBytes(3 * MIB));
    const target = { path: pathOf('out'), format: 'raw', existing: true } as const;
    await chain.qemuImg.convert(chain.layers(), target, chain);
    const out = await readFile(pathOf('out'));
    expect(firstDifference(out.subarray(0, 2 * MIB), chain.model(1))).toBeUndefined();
  });

  it('refuses to convert into a file that is too small', async () => {
    await writeFile(pathOf('in'), Buffer.alloc(2 * MIB, 1));
    await writeFile(pathOf('out'), Buffer.alloc(MIB));
    const target = { path: pathOf('out'), format: 'raw', existing: true } as const;
    await expect(
      chain.qemuImg.convert({ path: pathOf('in'), format: 'raw' }, target, chain),
    ).rejects.toMatchObject({ code: 'failed' });
  });

  it('is stopped by its limits', async () => {
    const raw = { path: pathOf('in'), format: 'raw' } as const;
    await writeFile(raw.path, Buffer.alloc(4 * MIB, 1));
    const convert = (limits: object): Promise<void> =>
      chain.qemuImg.convert(raw, { path: pathOf('out'), format: 'qcow2' }, { signal: chain.signal, limits });
    await expect(convert({ fileSizeBytes: MIB })).rejects.toMatchObject({ code: 'unsafe-image' });
    await expect(convert({ addressSpaceBytes: 40 * MIB })).rejects.toMatchObject({ code: 'unsafe-image' });
    await convert({ fileSizeBytes: 8 * MIB });
  });

  it('works on offsets beyond 4 GiB', async () => {
    await chain.addSparse(6 * GIB);
    const [, base] = chain.layers();
    await chain.writeAt(1, { offset: 5 * GIB, length: MIB, byte: 0x77 });
    await chain.commit(1);
    await using device = await RawFileDevice.open(base?.path ?? '', 'read-only');
    expect((await device.read(5 * GIB, MIB)).equals(Buffer.alloc(MIB, 0x77))).toBe(true);
    expect(device.sizeBytes).toBe(6 * GIB);
  });

  it('reads sizes from headers', async () => {
    await chain.addSparse(3 * GIB);
    const sizes = await Promise.all(chain.layers().map((layer) => readVirtualSize(layer)));
    expect(sizes).toEqual([3 * GIB, 3 * GIB]);
    expect(await chain.qemuImg.version(chain)).toMatch(/^\d+\.\d+/);
  });
});
