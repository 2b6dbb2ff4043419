import type { VolumeRecord } from '@scoria/store';
import { ManagerError } from '../errors.js';
import { invalidInput } from './refusals.js';

const UUIDS = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** The ids that a reference bears: drivers do not know our records, and may name what we have by its id. */
export function idsIn(reference: Readonly<Record<string, string>>): string[] {
  return Object.values(reference).flatMap((value) => value.match(UUIDS) ?? []);
}

/** @throws ManagerError `invalid-input` */
export function requireReference(reference: unknown): void {
  const isObject = typeof reference === 'object' && reference !== null && !Array.isArray(reference);
  const values: unknown[] = isObject ? Object.values(reference) : [];
  if (values.length > 0 && values.every((value) => typeof value === 'string')) return;
  throw invalidInput('a reference names what is taken over, in pairs of text: { "source-name": "volume-1" }');
}

/** The refusal of what is managed already. */
export function isManaged(
  reference: Readonly<Record<string, string>>,
  kind: 'volume' | 'snapshot',
  { id }: Pick<VolumeRecord, 'id'>,
): ManagerError {
  return new ManagerError({
    code: 'conflict',
    message: `${JSON.stringify(reference)} is the data of ${kind} ${id}, which is managed already`,
    details: { [kind]: id },
  });
}
