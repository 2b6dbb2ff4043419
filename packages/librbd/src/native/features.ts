import { type CallSubject, rbdError } from './errno.js';

/** In the order of their bits. Source: rbd/features.h. */
const NAMES = [
  'layering',
  'striping',
  'exclusive-lock',
  'object-map',
  'fast-diff',
  'deep-flatten',
  'journaling',
  'data-pool',
  'operations',
  'migrating',
  'non-primary',
  'dirty-cache',
];

/** Features as librbd counts them. @throws RbdError `invalid` a name it does not know */
export function featureBits(names: readonly string[], subject: CallSubject): bigint {
  return names.reduce((bits, name) => {
    const index = NAMES.indexOf(name);
    if (index !== -1) return bits | (1n << BigInt(index));
    throw rbdError('invalid', subject, `there is no feature '${name}': those there are: ${NAMES.join(', ')}`);
  }, 0n);
}

/** `RBD_OPERATION_FEATURE_CLONE_CHILD`: a clone of format 2, from what librbd calls an image's operation features. */
export function isCloneChild(operationFeatures: bigint): boolean {
  return (operationFeatures & 2n) !== 0n;
}

/** Their names; those of later versions by their number. */
export function featureNames(bits: bigint): string[] {
  return Array.from({ length: 64 }, (_, index) => index)
    .filter((index) => (bits >> BigInt(index)) % 2n === 1n)
    .map((index) => NAMES[index] ?? `feature-${String(index)}`);
}
