import type { Capability } from '@scoria/core';
import { SECTOR_BYTES } from '@scoria/core';
import fc from 'fast-check';

/** What a random sequence may do, and how often against each other. */
export interface ModelWeights {
  readonly create: number;
  readonly write: number;
  readonly zero: number;
  readonly snapshot: number;
  readonly deleteSnapshot: number;
  readonly revert: number;
  readonly extend: number;
  readonly clone: number;
  readonly fromSnapshot: number;
  readonly deleteVolume: number;
  readonly restart: number;
}

export const DEFAULT_WEIGHTS: ModelWeights = {
  create: 1,
  write: 8,
  zero: 2,
  snapshot: 6,
  deleteSnapshot: 5,
  revert: 2,
  extend: 2,
  clone: 1,
  fromSnapshot: 2,
  deleteVolume: 1,
  restart: 1,
};

/**
 * One step of a random sequence, before it meets a driver. `pick` chooses among whatever objects there are then, so
 * that a sequence stays one when steps are left out of it to find the shortest that fails.
 */
export interface ModelStep {
  readonly kind: keyof ModelWeights;
  readonly pick: number;
  /** Where a write or a zeroing begins, as a part of the whole. */
  readonly at: number;
  readonly length: number;
  readonly seed: number;
  /** By how many sectors something is larger. */
  readonly sectors: number;
}

const NEEDS: Partial<Record<keyof ModelWeights, Capability>> = { revert: 'revert', clone: 'clone' };

/** Steps that a driver with `capabilities` can do. */
export function modelStep(
  capabilities: readonly Capability[],
  weights: ModelWeights,
  volumeBytes: number,
): fc.Arbitrary<ModelStep> {
  const kinds = (Object.keys(weights) as (keyof ModelWeights)[]).filter((kind) => {
    const needed = NEEDS[kind];
    return needed === undefined || capabilities.includes(needed);
  });
  return fc.record({
    kind: fc.oneof(...kinds.map((kind) => ({ weight: weights[kind], arbitrary: fc.constant(kind) }))),
    pick: fc.nat({ max: 1000 }),
    at: fc.nat({ max: 1_000_000 }).map((part) => part / 1_000_001),
    length: fc.integer({ min: 1, max: Math.max(1, Math.floor(volumeBytes / 8)) }),
    seed: fc.nat({ max: 1_000_000 }),
    sectors: fc.nat({ max: Math.floor(volumeBytes / 4 / SECTOR_BYTES) }),
  });
}
