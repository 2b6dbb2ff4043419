import type { BlockDevice } from '@scoria/core';
import { SparseWriter } from './sparse-writer.js';

const KIB = 1024;
const SIZE = 512 * KIB;

/** A device full of ones, and what was asked of it. */
function device(): { readonly target: BlockDevice; readonly bytes: Buffer; readonly calls: string[] } {
  const bytes = Buffer.alloc(SIZE, 1);
  const calls: string[] = [];
  const target = {
    write: (offset: number, data: Buffer) => {
      calls.push(`write ${offset} ${data.length}`);
      data.copy(bytes, offset);
      return Promise.resolve();
    },
    zero: (offset: number, length: number) => {
      calls.push(`zero ${offset} ${length}`);
      bytes.fill(0, offset, offset + length);
      return Promise.resolve();
    },
  };
  return { target: target as unknown as BlockDevice, bytes, calls };
}

const data = (kib: number): Buffer => Buffer.alloc(kib * KIB, 7);
const zeroes = (kib: number): Buffer => Buffer.alloc(kib * KIB);

describe('bytes written one after the other', () => {
  it.each<[string, Buffer[], number, string[]]>([
    ['data only', [data(64), data(1)], 0, ['write 0 65536', 'write 65536 1024']],
    ['zeroes only, in one', [zeroes(128), zeroes(64)], 0, ['zero 0 196608']],
    [
      'zeroes within a chunk, where they fill a piece',
      [Buffer.concat([data(32), zeroes(160), data(64)])],
      0,
      ['write 0 65536', 'zero 65536 131072', 'write 196608 65536'],
    ],
    [
      'pieces that are those of the device',
      [Buffer.concat([data(32), zeroes(64), data(32)])],
      32 * KIB,
      ['write 32768 32768', 'zero 65536 65536', 'write 131072 32768'],
    ],
    [
      'a few zeroes after data, as data; and after zeroes, with them',
      [data(64), Buffer.alloc(10), zeroes(64), Buffer.alloc(10), data(1)],
      0,
      ['write 0 65536', 'write 65536 10', 'zero 65546 65546', 'write 131092 1024'],
    ],
    ['nothing', [], 0, []],
  ])('%s', async (_, chunks, offset, expected) => {
    const { target, bytes, calls } = device();
    const writer = new SparseWriter(target, offset);
    for (const chunk of chunks) await writer.write(chunk);
    await writer.finish();
    expect(calls).toEqual(expected);
    const all = Buffer.concat(chunks);
    expect(writer.end).toBe(offset + all.length);
    expect(bytes.subarray(offset, offset + all.length).equals(all)).toBe(true);
    expect(bytes.subarray(offset + all.length).every((byte) => byte === 1)).toBe(true);
  });
});
