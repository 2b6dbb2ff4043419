import { isDriverError } from '@scoria/core';
import os from 'node:os';
import { CapacityReader, toCapacity, type BlockCounts } from './capacity.js';

const share = { share: 'host:/v', path: os.tmpdir() };

describe('toCapacity', () => {
  const counts = { bsize: 4096n, blocks: 100n, bavail: 40n };
  it.each([
    ['counts blocks', counts, 409_600, 163_840],
    ['counts in fragments where they are told apart', { ...counts, frsize: 512n }, 51_200, 20_480],
    ['is never negative: the reserve of the system may be in use', { ...counts, bavail: -5n }, 409_600, 0],
    ['is never more free than there is', { ...counts, bavail: 2n ** 64n - 1n }, 409_600, 409_600],
    ['stops at what a number can hold', { ...counts, blocks: 2n ** 60n }, 2 ** 53 - 1, 163_840],
    ['is nothing of nothing', { bsize: 0n, blocks: 0n, bavail: 0n }, 0, 0],
  ])('%s', (_case, input: BlockCounts, totalBytes, freeBytes) => {
    expect(toCapacity(input)).toEqual({ totalBytes, freeBytes });
  });
});

describe('CapacityReader', () => {
  it('reads that of a real file system', async () => {
    const { totalBytes, freeBytes } = await new CapacityReader().read(share);
    expect(totalBytes).toBeGreaterThan(0);
    expect(freeBytes).toBeLessThanOrEqual(totalBytes);
  });

  it('names the share that fails', async () => {
    const reading = new CapacityReader().read({ share: 'host:/gone', path: '/nowhere' });
    const failure = await reading.catch((error: unknown) => error);
    expect(isDriverError(failure, 'unavailable')).toBe(true);
    expect((failure as Error).message).toMatch(/host:\/gone cannot be used: its free space .*ENOENT/);
  });

  it('gives a dead share up, and does not ask it again while it has not answered', async () => {
    let asked = 0;
    const reader = new CapacityReader((path) => {
      if (path === 'alive') return Promise.resolve({ bsize: 1n, blocks: 2n, bavail: 1n });
      asked += 1;
      return new Promise<never>(() => {});
    });
    await expect(reader.read(share, 5)).rejects.toThrow(
      /gives no answer within 0.005 s; see whether its server/,
    );
    await expect(reader.read(share, 5)).rejects.toThrow(/no answer/);
    expect(asked).toBe(1);
    expect(await reader.read({ share: 'other', path: 'alive' }, 5)).toEqual({ totalBytes: 2, freeBytes: 1 });
  });
});
