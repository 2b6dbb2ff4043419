import type { BackupPoint, BlockDevice, Lock, OperationContext, Volume } from '@scoria/core';
import { isRbdError } from '@scoria/librbd';
import type { RbdImage, RbdPool, SnapshotEntry } from '@scoria/librbd';
import { RbdDevice } from '../device/rbd-device.js';
import { noVolume } from '../driver/clone-volume.js';
import type { RbdTools } from '../driver/rbd-tools.js';
import type { LockClaim } from '../driver/volume-locks.js';
import { imageClaim, readersClaim, snapshotClaim } from '../driver/volume-locks.js';
import { runPlan } from '../execute/plan-executor.js';
import { volumeImage } from '../names.js';
import { openIfThere } from '../tree/read-image.js';
import { backupSnapshot, snapshotsOfBackup } from './backup-names.js';

/** See `BackUpVolumes.openBackup`. The moment is a snapshot, named as Cinder's are, that nobody counts. */
export async function openBackup(
  context: OperationContext,
  tools: RbdTools,
  volume: Volume,
  backup: BackupPoint,
): Promise<BlockDevice> {
  const image = volumeImage(volume.id);
  const claims = [
    imageClaim(image, 'shared'),
    backupClaim(image, backup.id, 'shared'),
    readersClaim(image, 'shared'),
  ];
  const lock = await tools.locks.hold(context, claims);
  try {
    return await tools.connection.use(`open backup ${backup.id} of volume ${volume.id}`, async ({ pool }) => {
      const snapshot = await momentOf(context, tools, pool, volume, backup);
      return openMoment(pool, { image, snapshot, backup, lock });
    });
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** What is open is not forgotten. */
export function backupClaim(image: string, backupId: string, mode: 'shared' | 'exclusive'): LockClaim {
  return snapshotClaim(image, `backup.${backupId}`, mode);
}

async function entriesOf(pool: RbdPool, volume: Volume): Promise<readonly SnapshotEntry[]> {
  const open = await openIfThere(pool, volumeImage(volume.id));
  if (open === undefined) throw noVolume(volume, pool);
  try {
    return await open.snapshots();
  } finally {
    await open.close();
  }
}

/** The name of the backup's snapshot, which is taken where there is none yet. */
async function momentOf(
  context: OperationContext,
  { helpers }: RbdTools,
  pool: RbdPool,
  volume: Volume,
  backup: BackupPoint,
): Promise<string> {
  const [found] = snapshotsOfBackup(await entriesOf(pool, volume), backup.id);
  if (found !== undefined) return found;
  const image = volumeImage(volume.id);
  const snapshot = backupSnapshot(backup);
  const operation = `keep ${image} for backup ${backup.id}`;
  try {
    await runPlan(context, pool, { operation, steps: [{ kind: 'take-snapshot', image, snapshot }] }, helpers);
  } catch (error) {
    if (!isRbdError(error, 'exists')) throw error;
  }
  return snapshot;
}

interface Moment {
  readonly image: string;
  readonly snapshot: string;
  readonly backup: BackupPoint;
  readonly lock: Lock;
}

async function openMoment(pool: RbdPool, { image, snapshot, backup, lock }: Moment): Promise<BlockDevice> {
  const open: RbdImage = await pool.openImage(image, { snapshot });
  try {
    const [{ sizeBytes }, entries] = await Promise.all([open.info(), open.snapshots()]);
    const names = entries.filter(({ namespace }) => namespace === 'user').map(({ name }) => name);
    return new RbdDevice(open, {
      what: `backup ${backup.id}`,
      sizeBytes,
      mode: 'read-only',
      older: names.slice(0, names.indexOf(snapshot)),
      nameOf: (earlier) => snapshotsOfBackup(entries, earlier)[0],
      release: () => lock.release(),
    });
  } catch (error) {
    await open.close();
    throw error;
  }
}
