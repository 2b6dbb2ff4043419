import type { OperationContext, Volume } from '@scoria/core';
import type { RbdPool } from '@scoria/librbd';
import type { RbdTools } from '../driver/rbd-tools.js';
import { removeSnapshot } from '../driver/delete-snapshot.js';
import { volumeImage } from '../names.js';
import { openIfThere } from '../tree/read-image.js';
import { snapshotsOfBackup } from './backup-names.js';
import { backupClaim } from './open-backup.js';

/** See `BackUpVolumes.forgetBackup`. */
export async function forgetBackup(
  context: OperationContext,
  tools: RbdTools,
  volume: Volume,
  backupId: string,
): Promise<void> {
  const image = volumeImage(volume.id);
  await using _lock = await tools.locks.hold(context, [backupClaim(image, backupId, 'exclusive')]);
  await tools.connection.use(`forget backup ${backupId} of volume ${volume.id}`, async ({ pool }) => {
    for (const snapshot of await namesOf(pool, image, backupId)) {
      await removeSnapshot(context, tools, pool, image, snapshot);
    }
  });
}

async function namesOf(pool: RbdPool, image: string, backupId: string): Promise<readonly string[]> {
  const open = await openIfThere(pool, image);
  if (open === undefined) return [];
  try {
    return snapshotsOfBackup(await open.snapshots(), backupId);
  } finally {
    await open.close();
  }
}
