import { fromGiB, GIB, MIB, sizeProblem, toGiB } from './sizes.js';

describe('sizes', () => {
  it.each([
    [512, undefined],
    [GIB, undefined],
    [0, '0 is not more than 0 bytes'],
    [-512, '-512 is not more than 0 bytes'],
    [513, '513 bytes is not a multiple of 512'],
    [1.5, '1.5 is not a whole number of bytes'],
    [Number.NaN, 'NaN is not a whole number of bytes'],
    [Number.POSITIVE_INFINITY, 'Infinity is not a whole number of bytes'],
    [2 ** 53, '9007199254740992 is not a whole number of bytes'],
  ])('sizeProblem(%d) is %s', (bytes, problem) => {
    expect(sizeProblem(bytes)).toBe(problem);
  });

  it.each([
    [GIB, 1],
    [GIB + 512, 2],
    [MIB, 1],
    [10 * GIB, 10],
  ])('%d bytes are shown as %d GiB', (bytes, gib) => {
    expect(toGiB(bytes)).toBe(gib);
  });

  it('turns GiB into bytes', () => {
    expect(fromGiB(3)).toBe(3 * GIB);
  });
});
