import { featureBits, featureNames } from '../features.js';
import type { CallSubject } from '../errno.js';

/** How an image is made that has nothing out of the ordinary. */
export interface PlainLayout {
  readonly sizeBytes: number;
  readonly order: number;
  readonly features: bigint;
}

/** Those that only librbd makes images with: data pool, journal, stripes, and what may come. */
const PLAIN = ['layering', 'exclusive-lock', 'object-map', 'fast-diff', 'deep-flatten'];
/** What librbd adds by itself: it is not taken over from a parent. */
const IMPLICIT = ['operations'];
const NEEDED: Readonly<Record<string, string>> = {
  'object-map': 'exclusive-lock',
  'fast-diff': 'object-map',
};
const ORDERS = { least: 12, most: 25 };

/** Whether an image has nothing but what librbd gives every image. */
export function arePlain(features: readonly string[]): boolean {
  return features.every((name) => PLAIN.includes(name) || IMPLICIT.includes(name));
}

/** @returns undefined where librbd has to look at it */
export function plainLayout(
  sizeBytes: number,
  order: number,
  features: readonly string[],
  subject: CallSubject,
): PlainLayout | undefined {
  const names = features.filter((name) => !IMPLICIT.includes(name));
  const fits = names.every((name) => PLAIN.includes(name) && names.includes(NEEDED[name] ?? name));
  // librbd switches these two on together.
  const isWhole = names.includes('object-map') === names.includes('fast-diff');
  const isOrder = Number.isInteger(order) && order >= ORDERS.least && order <= ORDERS.most;
  if (!fits || !isWhole || !isOrder) return undefined;
  return { sizeBytes, order, features: featureBits(names, subject) };
}

/** As the configuration has them: by their number, or by their names. */
export function configuredFeatures(setting: string): string[] {
  return /^\d+$/.test(setting)
    ? featureNames(BigInt(setting))
    : setting.split(',').map((name) => name.trim());
}
