import { messageOf } from '@scoria/core';
import type { ModelUpdate, OperationContext, Volume } from '@scoria/core';
import { temporarySnapshotId } from '../chain/file-names.js';
import { uncancellable } from '../execute/uncancellable.js';
import { cloneOf, copyIntoVolume, copyPlan, placedOn, snapshotOf } from './copy-into-volume.js';
import type { FileVolumes } from './file-volumes.js';
import type { RemoteFsTools } from './remotefs-tools.js';
import { dropSnapshot, recordedMode, takeSnapshot } from './volume-snapshots.js';

/** A snapshot for the time of a clone. */
interface PointInTime {
  readonly id: string;
  readonly volume: Volume;
}

/** See `CloneVolume.createClonedVolume`. */
export async function cloneVolume(
  context: OperationContext,
  tools: RemoteFsTools,
  volume: Volume,
  source: Volume,
): Promise<ModelUpdate> {
  return recordedMode(source) === 'offline'
    ? copyIntoVolume(context, tools, volume, cloneOf(source))
    : cloneInUse(context, tools, volume, source);
}

/**
 * A guest goes on writing, so that what is copied is a snapshot. The new volume's id is held all the time: a snapshot
 * whose new volume nobody holds is what a process that was killed has left behind, and is removed by the next one.
 */
async function cloneInUse(
  context: OperationContext,
  { volumes, placement }: RemoteFsTools,
  volume: Volume,
  source: Volume,
): Promise<ModelUpdate> {
  const sourceShare = await volumes.shareOf(context, source);
  const share = await placement.choose(context, volume.sizeBytes, sourceShare);
  await using held = await volumes.holdNew(context, volume.id, share);
  const point = { id: temporarySnapshotId(volume.id), volume: source };
  await atPointInTime(context, volumes, point, async () => {
    await using _reading = await volumes.hold(context, source, 'shared');
    const plan = await copyPlan(context, volumes, volume, sourceShare, snapshotOf(point));
    await held.tools.executor.run(context, plan);
  });
  return placedOn(share, volumes);
}

async function atPointInTime(
  context: OperationContext,
  volumes: FileVolumes,
  point: PointInTime,
  use: () => Promise<void>,
): Promise<void> {
  await withHeld(context, volumes, point, takeSnapshot);
  try {
    await use();
  } finally {
    await removePoint(uncancellable(context), volumes, point);
  }
}

/** One that stays changes nothing that anybody reads, and goes with the next operation on the volume. */
async function removePoint(
  context: OperationContext,
  volumes: FileVolumes,
  point: PointInTime,
): Promise<void> {
  try {
    await withHeld(context, volumes, point, dropSnapshot);
  } catch (error) {
    context.logger.warn(
      `the temporary snapshot ${point.id} of volume ${point.volume.id} stays until the next operation on it: ` +
        messageOf(error),
      { volumeId: point.volume.id },
    );
  }
}

async function withHeld(
  context: OperationContext,
  volumes: FileVolumes,
  point: PointInTime,
  change: typeof takeSnapshot | typeof dropSnapshot,
): Promise<void> {
  await using held = await volumes.hold(context, point.volume);
  await change(context, volumes, held, point);
}
