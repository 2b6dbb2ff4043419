import { patternBytes } from './pattern-bytes.js';

describe('patternBytes', () => {
  it('is the same for a seed, another for another, and never zero', () => {
    expect(patternBytes(7, 1001)).toEqual(patternBytes(7, 1001));
    expect(patternBytes(7, 1001)).toEqual(patternBytes(7, 2000).subarray(0, 1001));
    expect(patternBytes(8, 1001).equals(patternBytes(7, 1001))).toBe(false);
    expect(patternBytes(9, 100_000).includes(0)).toBe(false);
    expect(patternBytes(9, 0)).toHaveLength(0);
  });
});
