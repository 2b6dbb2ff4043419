import { DriverError } from '@scoria/core';
import { cloneSnapshot } from '../names.js';
import type { ImageWishes } from '../types/image-wishes.js';
import { featuresAtCreation } from '../types/image-wishes.js';
import type { Plan, Step } from './plan.js';

/** What a new image is made a child of. */
export interface CloneSource {
  readonly pool: string;
  readonly image: string;
  /** Where it is known. */
  readonly id?: string;
  readonly sizeBytes: number;
  readonly stripeUnitBytes: number;
}

/** How a clone is made independent of its ancestors. */
export type Flattening = 'none' | 'queued' | 'at-once';

export interface CloneWishes {
  readonly image: string;
  readonly sizeBytes: number;
  /** log2 of the size of an object that volumes have. */
  readonly order: number;
  readonly flattening: Flattening;
  /** What its volume's type asks for; without one it is as its parent is. */
  readonly wishes?: ImageWishes;
}

/** How a clone of a volume with so many ancestors is to be made. */
export function flatteningOf(depth: number, mostAncestors: number): Flattening {
  if (mostAncestors === 0) return 'at-once';
  return depth >= mostAncestors ? 'queued' : 'none';
}

/** A clone of a volume, by a snapshot that is taken for it. */
export function planCloneVolume(source: CloneSource, wishes: CloneWishes): Plan {
  const snapshot = cloneSnapshot(wishes.image);
  return {
    operation: `clone ${source.image} to ${wishes.image}`,
    steps: [
      { kind: 'take-snapshot', image: source.image, snapshot },
      { kind: 'protect-snapshot', image: source.image, snapshot },
      ...cloneSteps(source, snapshot, wishes),
    ],
  };
}

/** A volume from a snapshot that is there. */
export function planVolumeFromSnapshot(source: CloneSource, snapshot: string, wishes: CloneWishes): Plan {
  return {
    operation: `make ${wishes.image} of ${source.image}@${snapshot}`,
    steps: cloneSteps(source, snapshot, wishes),
  };
}

function cloneSteps(source: CloneSource, snapshot: string, wishes: CloneWishes): Step[] {
  const { image, sizeBytes, flattening, wishes: shape } = wishes;
  const features = shape && featuresAtCreation(shape);
  if (sizeBytes < source.sizeBytes) throw tooSmall(source, wishes);
  return [
    {
      kind: 'clone-image',
      image,
      parentPool: source.pool,
      parent: source.image,
      ...(source.id === undefined ? {} : { parentId: source.id }),
      snapshot,
      order: Math.max(wishes.order, Math.ceil(Math.log2(source.stripeUnitBytes))),
      ...(features === undefined ? {} : { features }),
    },
    ...(shape === undefined ? [] : [{ kind: 'shape-image', image, wishes: shape } as const]),
    ...(sizeBytes > source.sizeBytes ? [{ kind: 'resize', image, sizeBytes } as const] : []),
    ...(flattening === 'at-once' ? [{ kind: 'flatten', image } as const] : []),
    ...(flattening === 'queued' ? [{ kind: 'queue-flatten', image } as const] : []),
  ];
}

function tooSmall(source: CloneSource, { image, sizeBytes }: CloneWishes): DriverError {
  return new DriverError({
    code: 'invalid-input',
    message: `${image} of ${sizeBytes} bytes cannot hold the data of ${source.image}, which has ${source.sizeBytes} bytes`,
  });
}
