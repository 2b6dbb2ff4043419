import type { ManageableEntry } from '@scoria/core';
import type { Fields } from '../output/json.js';

/** What is on a backend already, as a person names it: a name, or `source-id=...`. */
export function referenceOf(written: string): Record<string, string> {
  const [, key, value] = /^(source-(?:name|id))=(.+)$/.exec(written) ?? [];
  return key === undefined || value === undefined ? { 'source-name': written } : { [key]: value };
}

/** One entry of what could be managed, and why it cannot. */
export function manageableFields({ reference, sizeBytes, safeToManage, reason }: ManageableEntry): Fields {
  return {
    reference: textOf(reference),
    size_bytes: sizeBytes ?? null,
    safe_to_manage: safeToManage,
    reason_not_safe: reason === '' ? null : reason,
  };
}

export function textOf(reference: ManageableEntry['reference']): string {
  return Object.values(reference).join(' ');
}
