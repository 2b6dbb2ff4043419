import { isRbdError } from '@scoria/librbd';
import type { RbdPool } from '@scoria/librbd';
import { isCutOff } from '../plan/delete-plans.js';
import { readImage } from '../tree/read-image.js';

/**
 * Ends the removal of snapshots of an image that were cut off: Ceph moves a snapshot to its trash first, and leaves it
 * there if nobody goes on, with its image and all that this depends on.
 */
export async function removeCutOffSnapshots(pool: RbdPool, name: string): Promise<void> {
  const node = await readImage(pool, name, { children: ({ namespace }) => namespace === 'trash' });
  const cutOff = node?.snapshots.filter(isCutOff) ?? [];
  if (cutOff.length === 0) return;
  await using image = await pool.openImage(name);
  for (const { id } of cutOff) {
    try {
      await image.removeSnapshotById(id);
    } catch (error) {
      if (!isRbdError(error, 'not-found')) throw error;
    }
  }
}
