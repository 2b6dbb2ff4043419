import { MIB } from '@scoria/core';
import { makeContext, MemoryBlockDevice, SparseBytes } from '@scoria/testkit';
import { firstDifference } from './compare-devices.js';

const SIZE = 32 * MIB;

async function device(parts: Readonly<Record<number, Buffer>>, size = SIZE): Promise<MemoryBlockDevice> {
  const made = new MemoryBlockDevice(new SparseBytes(size), { mode: 'read-write' });
  for (const [offset, data] of Object.entries(parts)) await made.write(Number(offset), data);
  return made;
}

const ones = Buffer.alloc(MIB, 1);

describe('where two devices differ', () => {
  it.each<
    [string, Readonly<Record<number, Buffer>>, Readonly<Record<number, Buffer>>, number, number | undefined]
  >([
    ['nowhere, both empty', {}, {}, SIZE, undefined],
    ['nowhere, with data', { 0: ones, [9 * MIB]: ones }, { 0: ones, [9 * MIB]: ones }, SIZE, undefined],
    ['nowhere, zeroes written on one', { 0: Buffer.alloc(MIB) }, {}, SIZE, undefined],
    ['data on the first only', { [8 * MIB]: ones }, {}, SIZE, 8 * MIB],
    ['data on the second only', {}, { [8 * MIB]: ones }, SIZE, 8 * MIB],
    ['one byte', { 0: ones, [MIB - 1]: Buffer.from([7]) }, { 0: ones }, SIZE, 0],
    ['the last byte', { [SIZE - 1]: Buffer.from([7]) }, {}, SIZE, SIZE - MIB],
    ['the size', { 0: ones }, { 0: ones }, SIZE + MIB, SIZE],
  ])('%s', async (_, left, right, size, expected) => {
    const offset = await firstDifference(makeContext(), await device(left), await device(right, size));
    if (expected === undefined) expect(offset).toBeUndefined();
    else expect(Math.abs((offset ?? -SIZE) - expected)).toBeLessThanOrEqual(4 * MIB);
  });

  it('stops when it is cancelled', async () => {
    const context = makeContext({ signal: AbortSignal.abort() });
    const work = firstDifference(context, await device({}), await device({}));
    await expect(work).rejects.toMatchObject({ code: 'cancelled' });
  });
});
