import { GIB, isDriverError } from '@scoria/core';
import fc from 'fast-check';
import {
  chooseShare,
  noShare,
  poolStats,
  roomFor,
  type PlacementPolicy,
  type ShareSpace,
} from './placement.js';

function space(name: string, totalGiB: number, freeGiB: number, provisionedGiB = 0): ShareSpace {
  return {
    share: { share: name, path: `/mnt/${name}` },
    capacity: { totalBytes: totalGiB * GIB, freeBytes: freeGiB * GIB },
    provisionedBytes: provisionedGiB * GIB,
  };
}

const thick: PlacementPolicy = { reservedPercentage: 0, maxOverSubscriptionRatio: 20, thin: false };
const thin: PlacementPolicy = { reservedPercentage: 0, maxOverSubscriptionRatio: 2, thin: true };

describe('roomFor', () => {
  it.each([
    ['thick: what is free', space('a', 100, 40, 1000), thick, 40],
    [
      'thick: what is free without the reserve',
      space('a', 100, 40),
      { ...thick, reservedPercentage: 10 },
      30,
    ],
    [
      'thick: nothing when the reserve is reached',
      space('a', 100, 5),
      { ...thick, reservedPercentage: 10 },
      0,
    ],
    ['thin: what is free times the ratio', space('a', 100, 40), thin, 80],
    ['thin: what is left to promise', space('a', 100, 90, 150), thin, 50],
    ['thin: nothing when all is promised', space('a', 100, 90, 250), thin, 0],
    ['thin: nothing when nothing is free', space('a', 100, 0), thin, 0],
    ['thin: the reserve counts', space('a', 100, 40), { ...thin, reservedPercentage: 30 }, 20],
    ['a share of no size', space('a', 0, 0), thin, 0],
  ])('%s', (_case, input, policy, gib) => {
    expect(roomFor(input, policy)).toBe(gib * GIB);
  });
});

describe('chooseShare', () => {
  it.each([
    [
      'the one with the most free space',
      [space('a', 9, 1), space('b', 9, 3), space('c', 9, 2)],
      thick,
      1,
      'b',
    ],
    ['the first of equals', [space('a', 9, 3), space('b', 9, 3)], thick, 1, 'a'],
    ['one that just fits', [space('a', 9, 3)], thick, 3, 'a'],
    [
      'not the emptiest, if that one has promised too much',
      [space('a', 9, 9, 18), space('b', 9, 2)],
      thin,
      1,
      'b',
    ],
  ])('takes %s', (_case, spaces, policy, gib, expected) => {
    expect(chooseShare(spaces, gib * GIB, policy).share).toBe(expected);
  });

  it('tells no share from no room', () => {
    const failureOf = (spaces: readonly ShareSpace[]): unknown => {
      try {
        return chooseShare(spaces, 4 * GIB, thick);
      } catch (error) {
        return error;
      }
    };
    expect(isDriverError(failureOf([]), 'unavailable')).toBe(true);
    const full = failureOf([space('a', 9, 1), space('b', 9, 3)]) as Error;
    expect(isDriverError(full, 'no-space')).toBe(true);
    expect(full.message).toMatch(
      /room for 4294967296 bytes \(4.0 GiB\); .* is 3221225472 bytes \(3.0 GiB\), on b \(/,
    );
  });

  it('says what is wrong with each where no share can be used', () => {
    const problems = new Map([
      ['a:/v', 'it hangs'],
      ['b:/v', 'it is read-only'],
    ]);
    expect(noShare(problems)).toMatchObject({
      code: 'unavailable',
      message:
        'no share can be used, so there is no place for a volume: a:/v: it hangs; b:/v: it is read-only',
      details: { shares: ['a:/v', 'b:/v'] },
    });
  });

  it('never chooses a share that has not the room, and finds one whenever there is one', () => {
    const gib = fc.integer({ min: 0, max: 50 });
    const spaces = fc.array(
      fc.tuple(gib, gib, gib).map(([a, b, p]) => space(`s${String(a)}-${String(b)}`, a + b, b, p)),
      { minLength: 1 },
    );
    const policies = fc.record({
      reservedPercentage: fc.integer({ min: 0, max: 100 }),
      maxOverSubscriptionRatio: fc.double({ min: 1, max: 20, noNaN: true }),
      thin: fc.boolean(),
    });
    fc.assert(
      fc.property(spaces, policies, fc.integer({ min: 1, max: 60 }), (candidates, policy, wanted) => {
        const fits = candidates.filter((candidate) => roomFor(candidate, policy) >= wanted * GIB);
        if (fits.length === 0) {
          expect(() => chooseShare(candidates, wanted * GIB, policy)).toThrow(/no share has room/);
          return;
        }
        expect(fits.map(({ share }) => share)).toContain(chooseShare(candidates, wanted * GIB, policy));
      }),
    );
  });
});

describe('poolStats', () => {
  it('gives one pool for each share', () => {
    expect(poolStats([space('a', 4, 1, 2)], thin)).toEqual([
      {
        name: 'a',
        totalBytes: 4 * GIB,
        freeBytes: GIB,
        provisionedBytes: 2 * GIB,
        reservedPercentage: 0,
        maxOverSubscriptionRatio: 2,
        thinProvisioning: true,
      },
    ]);
  });
});
