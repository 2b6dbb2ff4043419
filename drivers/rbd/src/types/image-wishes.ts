import { DriverError, wantsMultiattach } from '@scoria/core';
import type { VolumeType } from '@scoria/core';
import { qosOf } from './qos.js';

/** What an image is to be like, by its volume's type. */
export interface ImageWishes {
  /** As image metadata; those that are not here have no limit. */
  readonly qos: ReadonlyMap<string, string>;
  /** undefined: what it has by itself. */
  readonly features: readonly string[] | undefined;
  /** Several guests write to it at once: nothing that needs one owner of the image. */
  readonly isShared: boolean;
}

/** What can be switched on and off. All of it needs one owner of the image, as Cinder has it. */
export const EXCLUSIVE_FEATURES: readonly string[] = [
  'exclusive-lock',
  'object-map',
  'fast-diff',
  'journaling',
];

const KNOWN: readonly string[] = ['layering', 'deep-flatten', ...EXCLUSIVE_FEATURES];
const NEEDS: Readonly<Record<string, string>> = {
  'object-map': 'exclusive-lock',
  'fast-diff': 'object-map',
  journaling: 'exclusive-lock',
};

/** The extra spec that names an image's features, with commas: `layering,exclusive-lock`. */
export const FEATURES_SPEC = 'rbd:features';

/** @throws DriverError `invalid-input` */
export function wishesOf(type: VolumeType | undefined): ImageWishes {
  return { qos: qosOf(type), features: featuresOf(type), isShared: wantsMultiattach(type) };
}

function featuresOf(type: VolumeType | undefined): readonly string[] | undefined {
  const spec = type?.extraSpecs[FEATURES_SPEC];
  if (type === undefined || spec === undefined) return undefined;
  const named = spec.split(',').map((name) => name.trim());
  const features = KNOWN.filter((name) => name === 'layering' || named.includes(name));
  const unknown = named.filter((name) => !KNOWN.includes(name));
  if (unknown.length > 0) throw wrong(type, `${unknown.join(', ')} is none of ${KNOWN.join(', ')}`);
  for (const feature of features) {
    const needed = NEEDS[feature];
    if (needed !== undefined && !features.includes(needed)) throw wrong(type, `${feature} needs ${needed}`);
  }
  return features;
}

function wrong({ name }: VolumeType, why: string): DriverError {
  return new DriverError({
    code: 'invalid-input',
    message: `the volume type ${name} names image features (${FEATURES_SPEC}) that cannot be: ${why}`,
    details: { type: name },
  });
}

/** What a new image of this kind is made with; undefined: the cluster's own choice. */
export function featuresAtCreation({ features, isShared }: ImageWishes): readonly string[] | undefined {
  if (features === undefined || !isShared) return features;
  return features.filter((name) => !EXCLUSIVE_FEATURES.includes(name));
}

/** Whether a new image has still to be changed to be what is wished. */
export function needsShaping({ qos, features, isShared }: ImageWishes): boolean {
  return qos.size > 0 || (isShared && features === undefined);
}
