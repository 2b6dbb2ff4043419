import { flatteningOf, planCloneVolume, planVolumeFromSnapshot } from './clone-plans.js';
import type { Flattening } from './clone-plans.js';
import { describeStep } from './plan.js';

const SOURCE = { pool: 'volumes', image: 's', sizeBytes: 1024, stripeUnitBytes: 2 ** 22 };

function lines(sizeBytes: number, flattening: Flattening, stripeUnitBytes = 2 ** 22): string[] {
  const source = { ...SOURCE, stripeUnitBytes };
  return planCloneVolume(source, { image: 'c', sizeBytes, order: 22, flattening }).steps.map(describeStep);
}

describe('flatteningOf', () => {
  it.each<[number, number, Flattening]>([
    [0, 5, 'none'],
    [4, 5, 'none'],
    [5, 5, 'queued'],
    [9, 5, 'queued'],
    [1, 1, 'queued'],
    [0, 1, 'none'],
    [0, 0, 'at-once'],
    [3, 0, 'at-once'],
  ])('a source with %i ancestors where %i are the most: %s', (depth, most, expected) => {
    expect(flatteningOf(depth, most)).toBe(expected);
  });
});

describe('planCloneVolume', () => {
  const taken = ['take the snapshot s@c.clone_snap', 'protect s@c.clone_snap', 'clone s@c.clone_snap to c'];

  it.each<[string, number, Flattening, string[]]>([
    ['of the same size', 1024, 'none', taken],
    ['that is larger', 2048, 'none', [...taken, 'resize c to 2048 bytes']],
    ['in full', 1024, 'at-once', [...taken, 'copy into c what it has from its parent']],
    [
      'of one that has many ancestors',
      1024,
      'queued',
      [...taken, 'have what c has from its parent copied into it in the background'],
    ],
  ])('%s', (_, sizeBytes, flattening, expected) => {
    expect(lines(sizeBytes, flattening)).toEqual(expected);
  });

  it('refuses one that is smaller', () => {
    expect(() => lines(512, 'none')).toThrow(expect.objectContaining({ code: 'invalid-input' }) as Error);
  });

  it.each([
    [2 ** 20, 22],
    [2 ** 22, 22],
    [2 ** 24, 24],
  ])('a parent whose stripe unit is %i bytes has clones of the order %i', (stripeUnitBytes, order) => {
    const wishes = { image: 'c', sizeBytes: 1024, order: 22, flattening: 'none' } as const;
    const plan = planVolumeFromSnapshot({ ...SOURCE, stripeUnitBytes }, 'snapshot-1', wishes);
    expect(plan.steps).toEqual([
      { kind: 'clone-image', image: 'c', parentPool: 'volumes', parent: 's', snapshot: 'snapshot-1', order },
    ]);
  });
});
