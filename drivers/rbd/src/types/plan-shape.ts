import { DriverError } from '@scoria/core';
import type { ImageWishes } from './image-wishes.js';
import { EXCLUSIVE_FEATURES } from './image-wishes.js';
import { QOS_METADATA } from './qos.js';

/** What an image is like. */
export interface ImageShape {
  readonly features: readonly string[];
  readonly metadata: ReadonlyMap<string, string>;
}

/** One change of what an image is like. Doing it again is fine. */
export type ShapeChange =
  | { readonly kind: 'set-metadata'; readonly key: string; readonly value: string }
  | { readonly kind: 'remove-metadata'; readonly key: string }
  | { readonly kind: 'switch-features'; readonly features: readonly string[]; readonly enabled: boolean };

/** The metadata that keeps what features an image had before a type changed them, for when it has none any more. */
export const OWN_FEATURES = 'scoria_own_features';

/**
 * What is to be changed of an image so that it is as wished.
 * @throws DriverError `not-supported` features that an image has from its creation or never
 */
export function planShape(image: string, shape: ImageShape, wishes: ImageWishes): ShapeChange[] {
  return [...qosChanges(shape, wishes), ...featureChanges(image, shape, wishes)];
}

function qosChanges({ metadata }: ImageShape, { qos }: ImageWishes): ShapeChange[] {
  const set = [...qos].filter(([key, value]) => metadata.get(key) !== value);
  const gone = [...metadata.keys()].filter((key) => key.startsWith(QOS_METADATA) && !qos.has(key));
  return [
    ...set.map(([key, value]) => ({ kind: 'set-metadata', key, value }) as const),
    ...gone.map((key) => ({ kind: 'remove-metadata', key }) as const),
  ];
}

function featureChanges(
  image: string,
  { features, metadata }: ImageShape,
  { features: wanted, isShared }: ImageWishes,
): ShapeChange[] {
  const own = metadata.get(OWN_FEATURES);
  requirePossible(image, features, wanted);
  const target = wanted ?? own?.split(',') ?? features;
  const isWanted = (name: string): boolean => !isShared && target.includes(name);
  const off = EXCLUSIVE_FEATURES.filter((name) => features.includes(name) && !isWanted(name));
  const on = EXCLUSIVE_FEATURES.filter((name) => !features.includes(name) && isWanted(name));
  const switches: ShapeChange[] = [
    ...(off.length > 0 ? [{ kind: 'switch-features', features: off, enabled: false } as const] : []),
    ...(on.length > 0 ? [{ kind: 'switch-features', features: on, enabled: true } as const] : []),
  ];
  const isTyped = isShared || wanted !== undefined;
  if (!isTyped && own !== undefined) return [...switches, { kind: 'remove-metadata', key: OWN_FEATURES }];
  if (!isTyped || own !== undefined || switches.length === 0) return switches;
  return [{ kind: 'set-metadata', key: OWN_FEATURES, value: features.join(',') }, ...switches];
}

function requirePossible(
  image: string,
  features: readonly string[],
  wanted: readonly string[] | undefined,
): void {
  const never = (wanted ?? []).filter(
    (name) => !features.includes(name) && !EXCLUSIVE_FEATURES.includes(name),
  );
  if (never.length === 0) return;
  throw new DriverError({
    code: 'not-supported',
    message: `the image ${image} was made without ${never.join(' and ')}, which it cannot get afterwards`,
    details: { image, features: never },
  });
}

/** What takes a change back. @param before what the image was like before all changes */
export function inverseOf(change: ShapeChange, { metadata }: ImageShape): ShapeChange {
  if (change.kind === 'switch-features') return { ...change, enabled: !change.enabled };
  const value = metadata.get(change.key);
  return value === undefined
    ? { kind: 'remove-metadata', key: change.key }
    : { kind: 'set-metadata', key: change.key, value };
}

/** A change as a sentence for a person. */
export function describeShapeChange(image: string, change: ShapeChange): string {
  switch (change.kind) {
    case 'set-metadata':
      return `set ${change.key} of ${image} to ${change.value}`;
    case 'remove-metadata':
      return `remove ${change.key} of ${image}`;
    case 'switch-features':
      return `switch ${change.features.join(', ')} of ${image} ${change.enabled ? 'on' : 'off'}`;
  }
}
