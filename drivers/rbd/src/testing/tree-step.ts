import fc from 'fast-check';
import type { Death } from './tree-world.js';

const WEIGHTS = {
  create: 2,
  write: 3,
  snapshot: 4,
  clone: 6,
  'clone-the-newest': 4,
  'from-snapshot': 4,
  extend: 1,
  revert: 1,
  'delete-volume': 6,
  'delete-snapshot': 4,
  restart: 1,
  format: 1,
} as const;

/** One step of a random sequence; `pick` chooses among what there is when it comes to it. */
export interface TreeStep {
  readonly kind: keyof typeof WEIGHTS;
  readonly pick: number;
  readonly other: number;
  /** The process dies meanwhile. */
  readonly death: Death | undefined;
  /** So does the next one while it puts things in order. */
  readonly deathAtStart: Death | undefined;
}

/** @param mostChanges how far into an operation a process may get that is going to die */
export function treeSteps(mostChanges: number): fc.Arbitrary<TreeStep[]> {
  const death = fc.record({
    at: fc.integer({ min: 1, max: mostChanges }),
    when: fc.constantFrom('before', 'during', 'after'),
  });
  const step = fc.record({
    kind: fc.oneof(
      ...Object.entries(WEIGHTS).map(([kind, weight]) => ({
        weight,
        arbitrary: fc.constant(kind as keyof typeof WEIGHTS),
      })),
    ),
    pick: fc.nat({ max: 1000 }),
    other: fc.nat({ max: 1000 }),
    death: fc.option(death, { nil: undefined, freq: 2 }),
    deathAtStart: fc.option(death, { nil: undefined, freq: 4 }),
  });
  return fc.array(step, { minLength: 4, maxLength: 24, size: 'max' });
}
