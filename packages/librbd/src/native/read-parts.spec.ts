import { readParts } from './read-parts.js';

const MIB = 2 ** 20;

test.each<[offset: number, length: number, parts: readonly (readonly [offset: number, length: number])[]]>([
  [0, 0, []],
  [5, 1, [[5, 1]]],
  [0, 2 * MIB, [[0, 2 * MIB]]],
  [
    0,
    4 * MIB,
    [
      [0, 2 * MIB],
      [2 * MIB, 2 * MIB],
    ],
  ],
  [
    2 * MIB - 1,
    2,
    [
      [2 * MIB - 1, 1],
      [2 * MIB, 1],
    ],
  ],
  [
    3 * MIB,
    4 * MIB,
    [
      [3 * MIB, MIB],
      [4 * MIB, 2 * MIB],
      [6 * MIB, MIB],
    ],
  ],
])('what is read from %d, %d bytes of it, is read in these parts', (offset, length, parts) => {
  const expected = parts.map(([at, bytes]) => ({ offset: at, from: at - offset, length: bytes }));
  expect(readParts(offset, length)).toEqual(expected);
});

test('the parts of a read far away have whole bytes', () => {
  const parts = readParts(2 ** 52 + 1, 5 * MIB);
  expect(parts.map(({ length }) => length)).toEqual([2 * MIB - 1, 2 * MIB, MIB + 1]);
  expect(parts.at(-1)).toEqual({ offset: 2 ** 52 + 4 * MIB, from: 4 * MIB - 1, length: MIB + 1 });
});
