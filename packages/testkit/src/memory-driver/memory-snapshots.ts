import type { ManageableSnapshot, ManageReference } from '@scoria/core';
import type { SparseBytes } from '../fakes/sparse-bytes.js';
import type { StoredVolume } from './memory-array.js';
import { noReference, snapshotNotFound } from './memory-errors.js';

/** What a list of snapshots that could be managed says of one. */
export function manageableInMemory(
  name: string,
  volumeId: string | undefined,
  { snapshot, sizeBytes }: { readonly snapshot: string; readonly sizeBytes: number },
): ManageableSnapshot {
  const found = { source: { 'source-name': name }, reference: { 'source-name': snapshot }, sizeBytes };
  if (volumeId !== undefined) return { ...found, volumeId, safeToManage: true, reason: '' };
  return { ...found, safeToManage: false, reason: `${name} is not managed; manage that first` };
}

/** The snapshot of a volume that an operator named. @throws DriverError `invalid-input`, `snapshot-not-found` */
export function referredSnapshot(
  { snapshots }: StoredVolume,
  reference: ManageReference,
): { readonly name: string; readonly bytes: SparseBytes } {
  const name = reference['source-name'];
  if (name === undefined) throw noReference('snapshot');
  const bytes = snapshots.get(name);
  if (bytes === undefined) throw snapshotNotFound(name);
  return { name, bytes };
}
