import { randomBytes, randomInt } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { DriverError, type BlockDevice, type DeviceMode } from '@scoria/core';

import { TestChain, firstDifference } from '../spec-support/test-chain.js';
import { hashDevice } from './hash-device.js';
import { openChainDevice } from './open-chain-device.js';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

describe('a chain device', () => {
  let scribbled: TestChain;
  let chain: TestChain;
  beforeAll(async () => {
    scribbled = await TestChain.scribbled();
  });
  beforeEach(async () => {
    chain = await scribbled.copy();
  });
  afterEach(async () => {
    await chain.remove();
  });
  afterAll(async () => {
    await scribbled.remove();
  });

  async function open(mode: DeviceMode, signal = chain.signal): Promise<BlockDevice> {
    const layers = chain.layers();
    const layerOfSnapshot = (id: string): number | undefined =>
      id === 'unknown' ? undefined : layers.findIndex(({ path }) => path.endsWith(id));
    return openChainDevice(chain.commands, { layers, mode, signal, layerOfSnapshot });
  }

  it('reads what a guest reads, whole and in pieces', async () => {
    await using device = await open('read-only');
    const model = chain.model(3);
    expect(device.sizeBytes).toBe(model.length);
    expect(firstDifference(await device.read(0, model.length), model)).toBeUndefined();
    const ranges = Array.from({ length: 40 }, () => {
      const offset = randomInt(model.length);
      return { offset, length: randomInt(model.length - offset + 1) };
    });
    const read = await Promise.all(ranges.map(({ offset, length }) => device.read(offset, length)));
    ranges.forEach(({ offset, length }, index) => {
      expect(firstDifference(read[index]!, model.subarray(offset, offset + length))).toBeUndefined();
    });
  });

  it('maps data and zeroes without a gap', async () => {
    await using device = await open('read-only');
    let end = 0;
    let last = '';
    for await (const { offset, length, kind } of device.extents()) {
      expect(offset).toBe(end);
      expect(kind).not.toBe(last);
      if (kind === 'zero') expect(isZero(chain.model(3).subarray(offset, offset + length))).toBe(true);
      end = offset + length;
      last = kind;
    }
    expect(end).toBe(device.sizeBytes);
  });

  it.each([0, 1, 2])('tells all that was changed since layer %i', async (layer) => {
    await using device = await open('read-only');
    const restored = Buffer.alloc(device.sizeBytes);
    chain.model(layer).copy(restored);
    let end = -1;
    for await (const { offset, length } of device.changedExtents(`layer-${layer}`)) {
      expect(offset).toBeGreaterThan(end);
      chain.model(3).copy(restored, offset, offset, offset + length);
      end = offset + length;
    }
    expect(firstDifference(restored, chain.model(3))).toBeUndefined();
  });

  it('finds only what was changed, at offsets beyond 4 GiB as well', async () => {
    await chain.remove();
    chain = await TestChain.create();
    await chain.addSparse(6 * GIB);
    await using device = await open('read-write');
    const data = randomBytes(MIB);
    await device.write(5 * GIB + 512, data);
    expect((await device.read(5 * GIB + 512, MIB)).equals(data)).toBe(true);
    const changed = [];
    for await (const extent of device.changedExtents('layer-0')) changed.push(extent);
    expect(changed).toEqual([{ offset: 5 * GIB, length: MIB + 64 * 1024 }]);
    await device.zero(4 * GIB, 2 * GIB);
    const extents = [];
    for await (const extent of device.extents()) extents.push(extent);
    // qemu-img allocates the first block of a raw file.
    expect(extents.at(-1)).toEqual({ offset: 4096, length: 6 * GIB - 4096, kind: 'zero' });
  });

  it('writes and zeroes the active layer only, and has it on disk when it is closed', async () => {
    const device = await open('read-write');
    const model = chain.model(3);
    const work = Array.from({ length: 30 }, async (_, index) => {
      const offset = index * 128 * 1024 + randomInt(1024);
      const length = randomInt(1, 100 * 1024);
      if (index % 3 === 0) {
        model.fill(0, offset, offset + length);
        return device.zero(offset, length);
      }
      const data = randomBytes(length);
      data.copy(model, offset);
      return device.write(offset, data);
    });
    await Promise.all(work);
    await device.close();
    await device.close();
    await chain.expectLayer(3);
    await chain.expectLayer(2);
  });

  it('refuses what it cannot do', async () => {
    const device = await open('read-only');
    await expect(device.read(device.sizeBytes, 1)).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(device.write(0, Buffer.alloc(1))).rejects.toMatchObject({ code: 'invalid-state' });
    await expect(device.changedExtents('unknown')[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'snapshot-not-found',
    });
    await device.close();
    await expect(device.read(0, 1)).rejects.toMatchObject({ code: 'invalid-state' });
  });

  it('keeps others from writing while it is open', async () => {
    await using _device = await open('read-write');
    await expect(open('read-write')).rejects.toMatchObject({ code: 'volume-busy' });
    await expect(chain.commit(3)).rejects.toMatchObject({ code: 'volume-busy' });
  });

  it('does not look into headers for names or formats', async () => {
    await chain.qemuImg.rebaseUnsafe(
      { path: chain.layers()[0]!.path, backingName: 'elsewhere', backingFormat: 'raw' },
      chain,
    );
    await using device = await open('read-only');
    expect(firstDifference(await device.read(0, device.sizeBytes), chain.model(3))).toBeUndefined();
  });

  it('says so when qemu-nbd is killed, and leaves nothing behind', async () => {
    const device = await open('read-write');
    await device.read(0, 512);
    const reads = Array.from({ length: 20 }, () => device.read(0, device.sizeBytes));
    const pid = await chain.pidOf('qemu-nbd');
    const socket = await socketOf(pid);
    process.kill(pid, 'SIGKILL');
    const results = await Promise.allSettled([...reads, device.flush()]);
    const failures = results.filter((result) => result.status === 'rejected');
    expect(failures.length).toBeGreaterThan(0);
    for (const { reason } of failures) expect(reason).toMatchObject({ code: 'unavailable' });
    await expect(device.close()).rejects.toBeInstanceOf(DriverError);
    await expect(access(dirname(socket))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('ends when the operation is cancelled', async () => {
    const controller = new AbortController();
    const device = await open('read-only', controller.signal);
    controller.abort();
    await expect(hashDevice(device)).rejects.toMatchObject({ code: 'cancelled' });
    await device.close();
  });

  it('says which file is missing', async () => {
    await chain.hide(1);
    await expect(open('read-only')).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringContaining('layer-1') as string,
    });
  });
});

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

async function socketOf(pid: number): Promise<string> {
  const args = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
  return args[args.indexOf('--socket') + 1]!;
}
