import { messageOf } from '@scoria/core';
import type { ImageSource, ModelUpdate, OperationContext, Volume } from '@scoria/core';
import { isRbdError, RbdError } from '@scoria/librbd';
import type { RbdCluster, RbdPool } from '@scoria/librbd';
import type { RbdTools } from '../driver/rbd-tools.js';
import { shapingOf } from '../driver/clone-volume.js';
import { runOrUndo } from '../execute/plan-executor.js';
import { livingName, volumeIdOf, volumeImage } from '../names.js';
import type { CloneSource } from '../plan/clone-plans.js';
import { planVolumeFromSnapshot } from '../plan/clone-plans.js';
import type { RbdLocation } from './image-location.js';
import { parseRbdLocation } from './image-location.js';

/**
 * See `CloneImage.cloneImage`: of a raw image that is in the same cluster, where our user can read it. Its pool need not
 * be writable.
 */
export async function cloneImage(
  context: OperationContext,
  tools: RbdTools,
  volume: Volume,
  image: ImageSource,
): Promise<ModelUpdate | undefined> {
  if (image.diskFormat !== 'raw') return undefined;
  return tools.connection.use(`clone image ${image.id} to volume ${volume.id}`, async ({ cluster, pool }) => {
    for (const location of image.locations) {
      const found = parseRbdLocation(location);
      if (found?.fsid !== cluster.fsid || isVolume(found, pool)) continue;
      const source = await readableSource(context, cluster, found);
      if (source !== undefined && (await isCloned(context, tools, pool, { volume, source, found })))
        return {};
    }
    return undefined;
  });
}

/** Whoever may say where an image is must not come by other people's volumes. */
function isVolume({ pool: name, image }: RbdLocation, pool: RbdPool): boolean {
  return name === pool.name && volumeIdOf(livingName(image)) !== undefined;
}

/** undefined where it cannot be read. */
async function readableSource(
  context: OperationContext,
  cluster: RbdCluster,
  { pool: name, image, snapshot }: RbdLocation,
): Promise<CloneSource | undefined> {
  try {
    await using pool = await cluster.openPool(name);
    await using open = await pool.openImage(image, { snapshot });
    const { sizeBytes, stripeUnitBytes } = await open.info();
    return { pool: name, image, sizeBytes, stripeUnitBytes };
  } catch (error) {
    if (!(error instanceof RbdError) || isRbdError(error, 'disconnected', 'timed-out', 'closed')) throw error;
    context.logger.info(`the image ${name}/${image}@${snapshot} cannot be cloned: ${messageOf(error)}`);
    return undefined;
  }
}

interface Cloning {
  readonly volume: Volume;
  readonly source: CloneSource;
  readonly found: RbdLocation;
}

/** False where the image's snapshot is not protected, and clones of format 1 need that. */
async function isCloned(
  context: OperationContext,
  { order, helpers }: RbdTools,
  pool: RbdPool,
  { volume, source, found: { snapshot } }: Cloning,
): Promise<boolean> {
  const plan = planVolumeFromSnapshot(source, snapshot, {
    image: volumeImage(volume.id),
    sizeBytes: volume.sizeBytes,
    order,
    flattening: 'none',
    ...shapingOf(volume),
  });
  try {
    await runOrUndo(context, pool, plan, helpers);
    return true;
  } catch (error) {
    if (!isRbdError(error, 'invalid', 'not-found', 'permission')) throw error;
    context.logger.info(`${source.pool}/${source.image}@${snapshot} cannot be cloned: ${messageOf(error)}`);
    return false;
  }
}
