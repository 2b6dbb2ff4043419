import type { BlockDevice, DeviceMode, DeviceTarget, Lock, OperationContext } from '@scoria/core';
import { DriverError } from '@scoria/core';
import { isRbdError } from '@scoria/librbd';
import type { RbdImage, RbdPool, SnapshotEntry } from '@scoria/librbd';
import type { RbdTools } from '../driver/rbd-tools.js';
import type { LockClaim } from '../driver/volume-locks.js';
import { imageClaim, readersClaim, snapshotClaim } from '../driver/volume-locks.js';
import { snapshotName, volumeImage } from '../names.js';
import { noSnapshot } from '../plan/snapshot-plans.js';
import { RbdDevice } from './rbd-device.js';

interface Target {
  readonly what: string;
  readonly image: string;
  /** undefined: the volume itself. */
  readonly snapshotId: string | undefined;
}

/** See `VolumeDriver.openDevice`. What is open is held: it is not deleted or reverted meanwhile. */
export async function openDevice(
  context: OperationContext,
  tools: RbdTools,
  target: DeviceTarget,
  mode: DeviceMode,
): Promise<BlockDevice> {
  const wanted = targetOf(target);
  const lock = await tools.locks.hold(context, claimsOf(wanted));
  try {
    return await tools.connection.use(`open ${wanted.what}`, ({ pool }) =>
      openHeld(pool, wanted, mode, lock),
    );
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function targetOf(target: DeviceTarget): Target {
  if (target.kind === 'volume') {
    const { id } = target.volume;
    return { what: `volume ${id}`, image: volumeImage(id), snapshotId: undefined };
  }
  const { id, volume } = target.snapshot;
  return { what: `snapshot ${id}`, image: volumeImage(volume.id), snapshotId: id };
}

function claimsOf({ image, snapshotId }: Target): LockClaim[] {
  const held =
    snapshotId === undefined
      ? imageClaim(image, 'shared')
      : snapshotClaim(image, snapshotName(snapshotId), 'shared');
  return [held, readersClaim(image, 'shared')];
}

async function openHeld(pool: RbdPool, target: Target, mode: DeviceMode, lock: Lock): Promise<BlockDevice> {
  const image = await openImage(pool, target, mode);
  try {
    const [{ sizeBytes }, entries] = await Promise.all([image.info(), image.snapshots()]);
    const older = olderThan(entries, target);
    return new RbdDevice(image, { what: target.what, sizeBytes, mode, older, release: () => lock.release() });
  } catch (error) {
    await image.close();
    throw error;
  }
}

async function openImage(
  pool: RbdPool,
  { what, image, snapshotId }: Target,
  mode: DeviceMode,
): Promise<RbdImage> {
  try {
    return await pool.openImage(
      image,
      snapshotId === undefined ? { readOnly: mode === 'read-only' } : { snapshot: snapshotName(snapshotId) },
    );
  } catch (error) {
    if (!isRbdError(error, 'not-found')) throw error;
    if (snapshotId !== undefined) throw noSnapshot(image, snapshotId);
    const message = `there is no ${what}: the pool ${pool.name} has no image ${image}`;
    throw new DriverError({ code: 'volume-not-found', message, cause: error });
  }
}

function olderThan(entries: readonly SnapshotEntry[], { snapshotId }: Target): string[] {
  const users = entries.filter(({ namespace }) => namespace === 'user').map(({ name }) => name);
  return snapshotId === undefined ? users : users.slice(0, users.indexOf(snapshotName(snapshotId)));
}
