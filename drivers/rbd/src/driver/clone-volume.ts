import { DriverError } from '@scoria/core';
import type { ModelUpdate, OperationContext, Snapshot, Volume } from '@scoria/core';
import type { RbdPool } from '@scoria/librbd';
import { isUndone, runOrUndo } from '../execute/plan-executor.js';
import { snapshotName, volumeImage } from '../names.js';
import type { CloneSource, CloneWishes, Flattening } from '../plan/clone-plans.js';
import { flatteningOf, planCloneVolume, planVolumeFromSnapshot } from '../plan/clone-plans.js';
import type { Plan } from '../plan/plan.js';
import { noSnapshot } from '../plan/snapshot-plans.js';
import { cloneDepth } from '../tree/clone-depth.js';
import type { ImageNode } from '../tree/image-node.js';
import { readImage, userSnapshot } from '../tree/read-image.js';
import { wishesOf } from '../types/image-wishes.js';
import type { RbdTools } from './rbd-tools.js';
import { imageClaim, snapshotClaim } from './volume-locks.js';

/** See `CloneVolume.createClonedVolume`. */
export async function cloneVolume(
  context: OperationContext,
  tools: RbdTools,
  volume: Volume,
  source: Volume,
): Promise<ModelUpdate> {
  const [image, from] = [volumeImage(volume.id), volumeImage(source.id)];
  await using _lock = await tools.locks.hold(context, [imageClaim(image), imageClaim(from, 'shared')]);
  await tools.connection.use(`clone volume ${source.id} to ${volume.id}`, async ({ pool }) => {
    const plan = await cloneVolumePlan(tools, pool, volume, source);
    await context.step(`note that ${image} is going to be a clone of ${from}`);
    await tools.journal.write(pool, image, { kind: 'clone', source: from });
    try {
      await runOrUndo(context, pool, plan, tools.helpers);
    } catch (error) {
      if (isUndone(error)) await tools.journal.remove(pool, image);
      throw error;
    }
    const isQueued = plan.steps.some(({ kind }) => kind === 'queue-flatten');
    if (isQueued) return;
    await finishClone(context, tools, pool, plan, image);
  });
  return {};
}

/** A full copy needs its snapshot no more. */
async function finishClone(
  context: OperationContext,
  { journal, parents }: RbdTools,
  pool: RbdPool,
  { steps }: Plan,
  image: string,
): Promise<void> {
  const [taken] = steps;
  if (steps.some(({ kind }) => kind === 'flatten') && taken?.kind === 'take-snapshot') {
    const parent = await readImage(pool, taken.image);
    const snapshot = parent?.snapshots.find(({ name }) => name === taken.snapshot);
    if (parent !== undefined && snapshot !== undefined) {
      const link = { pool: pool.name, image: parent.name, imageId: parent.id };
      await parents.release(context, pool, { ...link, snapshot: snapshot.name, snapshotId: snapshot.id });
    }
  }
  await journal.remove(pool, image);
}

/** The plan of {@link cloneVolume}. @throws DriverError what can be refused beforehand */
export async function cloneVolumePlan(
  { options, order }: RbdTools,
  pool: RbdPool,
  volume: Volume,
  source: Volume,
): Promise<Plan> {
  const image = volumeImage(volume.id);
  const [node] = await Promise.all([readImage(pool, volumeImage(source.id)), requireUnused(pool, image)]);
  if (node === undefined) throw noVolume(source, pool);
  const { rbd_max_clone_depth: most } = options;
  const depth = most === 0 ? 0 : await cloneDepth(pool, node, most);
  const flattening = flatteningOf(depth, most);
  return planCloneVolume(sourceOf(pool, node), {
    image,
    sizeBytes: volume.sizeBytes,
    order,
    flattening,
    ...shapingOf(volume),
  });
}

/** See `VolumeDriver.createVolumeFromSnapshot`. */
export async function volumeFromSnapshot(
  context: OperationContext,
  tools: RbdTools,
  volume: Volume,
  snapshot: Snapshot,
): Promise<ModelUpdate> {
  const image = volumeImage(snapshot.volume.id);
  const claim = snapshotClaim(image, snapshotName(snapshot.id), 'shared');
  await using _lock = await tools.locks.hold(context, [claim]);
  await tools.connection.use(`make volume ${volume.id} of snapshot ${snapshot.id}`, async ({ pool }) => {
    await runOrUndo(
      context,
      pool,
      await volumeFromSnapshotPlan(tools, pool, volume, snapshot),
      tools.helpers,
    );
  });
  return {};
}

/** A clone has what its parent has, until its volume's type says otherwise. */
export function shapingOf({ type }: Volume): Pick<CloneWishes, 'wishes'> {
  return type === undefined ? {} : { wishes: wishesOf(type) };
}

/** The plan of {@link volumeFromSnapshot}. @throws DriverError `snapshot-not-found`, `invalid-input` */
export async function volumeFromSnapshotPlan(
  { options, order }: RbdTools,
  pool: RbdPool,
  volume: Volume,
  snapshot: Snapshot,
): Promise<Plan> {
  const flattening: Flattening = options.rbd_flatten_volume_from_snapshot ? 'queued' : 'none';
  const wishes: CloneWishes = {
    image: volumeImage(volume.id),
    sizeBytes: volume.sizeBytes,
    order,
    flattening,
    ...shapingOf(volume),
  };
  const name = snapshotName(snapshot.id);
  return planVolumeFromSnapshot(await snapshotSource(pool, snapshot), name, wishes);
}

async function snapshotSource(pool: RbdPool, { id, volume }: Snapshot): Promise<CloneSource> {
  const image = volumeImage(volume.id);
  const head = await pool.head(image);
  const source = head && userSnapshot(head, snapshotName(id));
  if (head === undefined || source === undefined) throw noSnapshot(image, id);
  const { stripeUnitBytes } = head;
  return { pool: pool.name, image, id: head.id, sizeBytes: source.sizeBytes, stripeUnitBytes };
}

function sourceOf(pool: RbdPool, { name, id, sizeBytes, stripeUnitBytes }: ImageNode): CloneSource {
  return { pool: pool.name, image: name, id, sizeBytes, stripeUnitBytes };
}

/** @throws DriverError `already-exists` */
export async function requireUnused(pool: RbdPool, image: string): Promise<void> {
  if ((await pool.head(image)) === undefined) return;
  throw new DriverError({
    code: 'already-exists',
    message: `the pool ${pool.name} has an image ${image} already`,
    details: { image },
  });
}

export function noVolume({ id }: Pick<Volume, 'id'>, { name: pool }: RbdPool): DriverError {
  return new DriverError({
    code: 'volume-not-found',
    message: `the pool ${pool} has no image ${volumeImage(id)}`,
    details: { volumeId: id },
  });
}
