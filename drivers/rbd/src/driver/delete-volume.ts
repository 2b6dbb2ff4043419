import { DriverError, messageOf } from '@scoria/core';
import type { OperationContext, Volume } from '@scoria/core';
import { isRbdError } from '@scoria/librbd';
import type { RbdPool, SnapshotEntry } from '@scoria/librbd';
import type { StoppedFlattening } from '../background/flatten-queue.js';
import { runPlan } from '../execute/plan-executor.js';
import { removeRemains } from '../execute/remove-remains.js';
import type { ParentReference } from '../journal/entry.js';
import { referenceOf } from '../journal/entry.js';
import { withReaders } from '../journal/kept-snapshots.js';
import { undoClone } from '../journal/undo-clone.js';
import { deletedImage, isCloneSnapshot, volumeImage } from '../names.js';
import type { DeletePlan } from '../plan/delete-plans.js';
import { mayRelease, planDeleteVolume } from '../plan/delete-plans.js';
import type { ImageNode } from '../tree/image-node.js';
import { openIfThere, readImage } from '../tree/read-image.js';
import type { RbdTools } from './rbd-tools.js';
import { imageClaim, treeClaim } from './volume-locks.js';

/** See `VolumeDriver.deleteVolume`. */
export async function deleteVolume(
  context: OperationContext,
  tools: RbdTools,
  volume: Volume,
): Promise<void> {
  const image = volumeImage(volume.id);
  await using _lock = await tools.locks.hold(context, [imageClaim(image), treeClaim(image)]);
  await tools.connection.use(`delete volume ${volume.id}`, async ({ pool }) => {
    const node = await readToDelete(tools, pool, image);
    if (node === undefined) await deleteTraces(context, tools, pool, image);
    else await deleteImage(context, tools, pool, node);
  });
}

/** What a delete has to know of an image. */
export async function readToDelete(
  { journal }: RbdTools,
  pool: RbdPool,
  image: string,
): Promise<ImageNode | undefined> {
  const children = ({ name, namespace }: SnapshotEntry): boolean =>
    isCloneSnapshot(name) || namespace === 'trash';
  const [node, renamed] = await Promise.all([
    readImage(pool, image, { children, parentOfSnapshots: true }),
    pool.head(deletedImage(image)),
  ]);
  if (node === undefined) return undefined;
  return withReaders(journal, pool, { ...node, isHalfRenamed: node.id === renamed?.id });
}

async function deleteImage(
  context: OperationContext,
  tools: RbdTools,
  pool: RbdPool,
  node: ImageNode,
): Promise<void> {
  const plan = planDeleteVolume(node, tools.parents.policy);
  if (node.parent === undefined) {
    await run(context, tools, pool, plan);
    if (!plan.removesImage) await tidyDeleted(context, tools, pool, node);
    return;
  }
  const stopped = await tools.flattens.stop(context, pool, node.name);
  await using _flattening = stopped.lock;
  const link = linkToRelease(tools, pool, node, plan);
  if (link !== undefined) await tools.journal.write(pool, node.name, { kind: 'release', parent: link });
  try {
    await run(context, tools, pool, plan);
  } catch (error) {
    await stay(context, tools, pool, node, { stopped, hasEntry: link !== undefined });
    throw error;
  }
  if (!plan.removesImage) await tidyDeleted(context, tools, pool, node);
  await finish(context, tools, pool, node, { link, wasQueued: stopped.wasQueued });
}

/** An image in the trash goes on to depend on its parent. */
function linkToRelease(
  { parents }: RbdTools,
  pool: RbdPool,
  { parent }: ImageNode,
  { removesImage }: DeletePlan,
): ParentReference | undefined {
  if (parent === undefined || !removesImage || parents.policy.trashSeconds !== undefined) return undefined;
  return mayRelease(parent, pool.name) ? referenceOf(parent) : undefined;
}

/** The volume is gone: what cannot be done of the rest now is left to be done later, and no failure of the delete. */
async function finish(
  context: OperationContext,
  { parents, journal }: RbdTools,
  pool: RbdPool,
  { name }: ImageNode,
  { link, wasQueued }: { readonly link: ParentReference | undefined; readonly wasQueued: boolean },
): Promise<void> {
  try {
    if (link !== undefined) await parents.release(context, pool, link);
    if (link !== undefined || wasQueued) await journal.remove(pool, name);
  } catch (error) {
    context.logger.warn(
      `${name} is deleted; what its ancestors keep for it is let go of later: ${messageOf(error)}`,
    );
  }
}

async function stay(
  context: OperationContext,
  { journal, flattens }: RbdTools,
  pool: RbdPool,
  { name }: ImageNode,
  { stopped, hasEntry }: { readonly stopped: StoppedFlattening; readonly hasEntry: boolean },
): Promise<void> {
  try {
    if ((await pool.head(name)) === undefined) return;
    if (stopped.wasQueued) await flattens.goOn(pool, name, stopped);
    else if (hasEntry) await journal.remove(pool, name);
  } catch (error) {
    context.logger.warn(
      `what is recorded of the delete of ${name} stays until the next start: ${messageOf(error)}`,
    );
  }
}

async function run(
  context: OperationContext,
  tools: RbdTools,
  pool: RbdPool,
  plan: DeletePlan,
): Promise<void> {
  try {
    await runPlan(context, pool, plan, tools.helpers);
  } catch (error) {
    throw isRbdError(error, 'busy', 'not-empty') ? await inUse(pool, plan, error) : error;
  }
}

/** On another host, its last clone may have gone while it was renamed. */
async function tidyDeleted(
  context: OperationContext,
  { parents }: RbdTools,
  pool: RbdPool,
  { name, id }: ImageNode,
): Promise<void> {
  await parents.tidyHeld(context, pool, { name: deletedImage(name), id });
}

/** The image is gone, or never was: what a clone or delete that was cut off has left goes now. */
async function deleteTraces(
  context: OperationContext,
  tools: RbdTools,
  pool: RbdPool,
  image: string,
): Promise<void> {
  context.logger.warn(`there is no ${image} in the pool ${pool.name}: nothing to delete`);
  await removeRemains(pool, image);
  const entry = await tools.journal.find(pool, image);
  if (entry === undefined) return;
  const { intent } = entry;
  // The image is gone, or has its second name: its flattening ends by letting go of the parent.
  if (intent.kind === 'flatten' && intent.parent !== undefined) return;
  if (intent.kind === 'clone') await undoClone(context, tools, pool, { image, source: intent.source });
  if (intent.kind === 'release') await tools.parents.release(context, pool, intent.parent);
  await tools.journal.remove(pool, image);
}

async function inUse(pool: RbdPool, { steps, operation }: DeletePlan, cause: unknown): Promise<DriverError> {
  const image = steps.at(-1)?.image ?? '';
  const open = await openIfThere(pool, image);
  const watchers = (await open?.watchers())?.map(({ address }) => address) ?? [];
  const snapshots = (await open?.snapshots())?.map(({ name }) => name) ?? [];
  await open?.close();
  const heldBy = [...watchers, ...snapshots];
  return new DriverError({
    code: 'volume-busy',
    message:
      `${operation}: something uses it: ${heldBy.join(', ') || 'a client that is gone already'}. A client that has ` +
      `crashed counts as one for half a minute; try again then`,
    details: { heldBy: heldBy.length > 0 ? heldBy : [image] },
    cause,
  });
}
