import type { ImageWishes } from '../types/image-wishes.js';
import { featuresAtCreation, needsShaping } from '../types/image-wishes.js';
import type { Plan } from './plan.js';

export interface NewImage {
  readonly image: string;
  readonly sizeBytes: number;
  /** log2 of the size of an object. */
  readonly order: number;
}

/** An empty volume. */
export function planCreateVolume(made: NewImage, wishes: ImageWishes): Plan {
  const { image } = made;
  const features = featuresAtCreation(wishes);
  return {
    operation: `create ${image}`,
    steps: [
      { kind: 'create-image', ...made, ...(features === undefined ? {} : { features }) },
      ...(needsShaping(wishes) ? [{ kind: 'shape-image', image, wishes } as const] : []),
    ],
  };
}
