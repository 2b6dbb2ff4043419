import { simulatedError, type SimulatedSubject } from './simulated-error.js';

/** In the order of their bits. */
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

/** What an image gets unless told. */
export const DEFAULT_FEATURES = ['layering', 'exclusive-lock', 'object-map', 'fast-diff', 'deep-flatten'];

const CHANGEABLE = new Set(['exclusive-lock', 'object-map', 'fast-diff', 'journaling']);
/** Each goes and comes with the other. */
const TOGETHER = ['object-map', 'fast-diff'];

/** As librbd tells them. */
export function inOrder(features: ReadonlySet<string>): string[] {
  return NAMES.filter((name) => features.has(name));
}

/** The features of a new image. @throws RbdError `invalid` */
export function featuresOfNew(names: readonly string[], subject: SimulatedSubject): Set<string> {
  checkKnown(names, subject);
  const features = new Set(names);
  checkNeeds(features, subject);
  return features;
}

/** What an image has after a change. @throws RbdError `invalid` */
export function featuresAfter(
  before: ReadonlySet<string>,
  names: readonly string[],
  enabled: boolean,
  subject: SimulatedSubject,
): Set<string> {
  checkKnown(names, subject);
  const allowed = (name: string): boolean => CHANGEABLE.has(name) || (name === 'deep-flatten' && !enabled);
  if (names.length === 0 || !names.every(allowed) || names.some((name) => before.has(name) === enabled)) {
    throw simulatedError('invalid', subject, `cannot be changed so: ${names.join(', ')}`);
  }
  const after = new Set(before);
  const meant = names.some((name) => TOGETHER.includes(name)) ? [...names, ...TOGETHER] : names;
  for (const name of meant) {
    if (enabled) after.add(name);
    else after.delete(name);
  }
  checkNeeds(after, subject);
  return after;
}

function checkKnown(names: readonly string[], subject: SimulatedSubject): void {
  const unknown = names.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw simulatedError('invalid', subject, `there is no feature '${unknown}'`);
}

function checkNeeds(features: ReadonlySet<string>, subject: SimulatedSubject): void {
  const needs: [name: string, needed: string][] = [
    ['object-map', 'exclusive-lock'],
    ['fast-diff', 'object-map'],
    ['journaling', 'exclusive-lock'],
  ];
  for (const [name, needed] of needs) {
    if (!features.has(name) || features.has(needed)) continue;
    throw simulatedError('invalid', subject, `${name} needs ${needed}`);
  }
}
