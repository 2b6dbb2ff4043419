import { UsageError } from '../usage-error.js';
import { parseBytes, parseGib, parseLimit, toGib } from './sizes.js';

const GIB = 1024 ** 3;

describe('sizes as they are typed', () => {
  it.each([
    ['1', GIB],
    ['10', 10 * GIB],
    ['8388607', 8_388_607 * GIB],
  ])('%s GiB', (text, bytes) => {
    expect(parseGib(text)).toBe(bytes);
  });

  it.each([
    ['0', 'a size must be a whole number of GiB from 1, and is "0"'],
    ['-1', 'a size must be a whole number of GiB from 1, and is "-1"'],
    ['', 'a size must be a whole number of GiB from 1, and is ""'],
    ['1.5', 'a size must be a whole number of GiB from 1, and is "1.5"'],
    ['1e3', 'a size must be a whole number of GiB from 1, and is "1e3"'],
    ['0x10', 'a size must be a whole number of GiB from 1, and is "0x10"'],
    ['10G', 'a size must be a whole number of GiB from 1, and is "10G"; leave the unit out'],
    ['10 GiB', 'a size must be a whole number of GiB from 1, and is "10 GiB"; leave the unit out'],
    ['8388608', 'a size must be at most 8388607 GiB, and is 8388608'],
    ['9'.repeat(400), `a size must be at most 8388607 GiB, and is ${'9'.repeat(400)}`],
  ])('%s is refused', (text, message) => {
    expect(() => parseGib(text)).toThrow(new UsageError(message));
  });

  it.each([
    [1, 1],
    [GIB, 1],
    [GIB + 1, 2],
  ])('%d bytes are shown as %d GiB', (bytes, gib) => {
    expect(toGib(bytes)).toBe(gib);
  });

  it.each(['-1', '1.5', '1k', '', '9007199254740993'])('an offset of %p is refused', (text) => {
    expect(() => parseBytes(text)).toThrow(
      `an offset must be a whole number of bytes from 0, and is "${text}"`,
    );
  });

  it.each(['-2', 'ten', '1.5'])('a limit of %p is refused', (text) => {
    expect(() => parseLimit(text)).toThrow(
      `a limit must be a whole number, or -1 for none, and is "${text}"`,
    );
  });
});
