import type { OperationContext, Snapshot, Volume } from '@scoria/core';
import type { RbdPool } from '@scoria/librbd';
import { runOrUndo, runPlan, uncancellable } from '../execute/plan-executor.js';
import { revertKey } from '../journal/entry.js';
import { snapshotName, volumeImage } from '../names.js';
import { planCreateSnapshot, planRevert } from '../plan/snapshot-plans.js';
import { parentOfSnapshot, readImage } from '../tree/read-image.js';
import { noVolume } from './clone-volume.js';
import type { RbdTools } from './rbd-tools.js';
import { imageClaim } from './volume-locks.js';

/** See `VolumeDriver.createSnapshot`. */
export async function takeSnapshot(
  context: OperationContext,
  { connection, helpers }: RbdTools,
  { id, volume }: Snapshot,
): Promise<void> {
  await connection.use(`take snapshot ${id} of volume ${volume.id}`, async ({ pool }) => {
    await runOrUndo(context, pool, planCreateSnapshot(volumeImage(volume.id), id), helpers);
  });
}

/** See `RevertToSnapshot.revertToSnapshot`. */
export async function revertVolume(
  context: OperationContext,
  tools: RbdTools,
  volume: Volume,
  snapshot: Snapshot,
): Promise<void> {
  const image = volumeImage(volume.id);
  await using _lock = await tools.locks.hold(context, [imageClaim(image)]);
  await tools.connection.use(`revert volume ${volume.id} to snapshot ${snapshot.id}`, ({ pool }) =>
    // How it is put back depends on whether it has a parent: that must not change meanwhile.
    tools.flattens.whileStopped(context, pool, image, () =>
      revertHeld(context, tools, pool, volume, snapshot),
    ),
  );
}

async function revertHeld(
  context: OperationContext,
  { journal, helpers }: RbdTools,
  pool: RbdPool,
  volume: Volume,
  snapshot: Snapshot,
): Promise<void> {
  const { plan, sizeBytes } = await revertPlan(pool, volume, snapshot.id);
  const image = volumeImage(volume.id);
  await context.step(`note that ${image} is going to be reverted`);
  const name = snapshotName(snapshot.id);
  await journal.write(pool, revertKey(image), { kind: 'revert', snapshot: name, sizeBytes });
  try {
    // Half a revert is worse than none: it is cancelled before its first step or not at all.
    await runPlan(uncancellable(context), pool, plan, helpers);
  } finally {
    // One that has failed is asked for again by whoever wants it: it is not made behind a user's back.
    await journal.withdraw(pool, revertKey(image));
  }
}

/** The plan of {@link revertVolume}, and the size that the volume keeps. */
export async function revertPlan(
  pool: RbdPool,
  volume: Volume,
  snapshotId: string,
): Promise<{ plan: ReturnType<typeof planRevert>; sizeBytes: number }> {
  const found = await readImage(pool, volumeImage(volume.id));
  if (found === undefined) throw noVolume(volume, pool);
  // One that was cut off may have left it smaller.
  const node = { ...found, sizeBytes: Math.max(volume.sizeBytes, found.sizeBytes) };
  const parent = node.isFlat ? await parentOfSnapshot(pool, node.name, snapshotName(snapshotId)) : undefined;
  return { plan: planRevert(node, snapshotId, parent !== undefined), sizeBytes: node.sizeBytes };
}
