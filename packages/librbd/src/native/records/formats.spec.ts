import { encodedNumber, encodedStructure, encodedText } from './encoding.js';
import * as formats from './formats.js';

const LATER = Buffer.from('what a later version has besides');

function structure(...fields: Buffer[]): Buffer {
  return encodedStructure(Buffer.concat([...fields, LATER]), 9);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

describe('what OSDs answer, also those of a later version', () => {
  it('says what an image comes from', () => {
    const answer = structure(encodedNumber(-1), encodedText('ns'), encodedText('é1'), encodedNumber(2 ** 40));
    const parent = { poolId: -1, poolNamespace: 'ns', imageId: 'é1', snapshotId: 2 ** 40 };
    expect(formats.parentSpec(answer)).toEqual(parent);
  });

  it.each([
    [0, 'user'],
    [1, 'group'],
    [2, 'trash'],
    [3, 'mirror'],
    [77, 'group'],
  ])('says what kind a snapshot of kind %d is: %s', (kind, namespace) => {
    const fields = [encodedNumber(7), structure(u32(kind)), encodedText('snap'), encodedNumber(512)];
    const answer = structure(...fields, encodedNumber(0), u32(3));
    const record = { id: 7, namespace, name: 'snap', sizeBytes: 512, childrenOfFormat2: 3 };
    expect(formats.snapshotRecord(answer)).toEqual(record);
  });

  it('says which snapshots and children there are', () => {
    const context = Buffer.concat([encodedNumber(9), u32(2), encodedNumber(9), encodedNumber(4)]);
    expect(formats.snapshotIds(context)).toEqual([9, 4]);
    const child = structure(encodedNumber(5), encodedText('id'), encodedText(''));
    const child2 = { poolId: 5, poolNamespace: '', imageId: 'id' };
    expect(formats.childSpecs(Buffer.concat([u32(1), child]))).toEqual([child2]);
    expect(formats.childIds(Buffer.concat([u32(2), encodedText('a'), encodedText('b')]))).toEqual(['a', 'b']);
  });

  it('says how much is seen of a parent, who is in the trash, and whether a lock is held', () => {
    expect(formats.overlapOf(Buffer.of(0))).toBe(0);
    expect(formats.overlapOf(Buffer.concat([Buffer.of(1), encodedNumber(4096)]))).toBe(4096);
    const moved = [Buffer.of(0), encodedText('old name'), encodedNumber(1), encodedNumber(2)];
    const states = [[], [Buffer.of(0)], [Buffer.of(3)]];
    expect(states.map((state) => formats.trashed(structure(...moved, ...state)))).toEqual([
      { name: 'old name', isReturning: false },
      { name: 'old name', isReturning: false },
      { name: 'old name', isReturning: true },
    ]);
    expect([0, 1].map((held) => formats.isHeld(structure(u32(held))))).toEqual([false, true]);
  });

  it('is not read beyond its end', () => {
    expect(() => formats.textOf(Buffer.of(200, 0, 0, 0, 1))).toThrow(RangeError);
    expect(() => formats.snapshotIds(Buffer.concat([encodedNumber(1), u32(2 ** 31)]))).toThrow(RangeError);
  });
});
