import { DriverError } from '@scoria/core';
import type { OperationContext, Volume } from '@scoria/core';
import { isRbdError } from '@scoria/librbd';
import type { RbdPool } from '@scoria/librbd';
import { runPlan } from '../execute/plan-executor.js';
import { volumeImage } from '../names.js';
import type { Plan } from '../plan/plan.js';
import { readImage } from '../tree/read-image.js';
import { noVolume } from './clone-volume.js';
import type { RbdTools } from './rbd-tools.js';

/** See `VolumeDriver.extendVolume`. Nobody is asked for the size before: Ceph refuses to make an image smaller. */
export async function extendVolume(
  context: OperationContext,
  { connection, helpers }: RbdTools,
  volume: Volume,
  newSizeBytes: number,
): Promise<void> {
  const image = volumeImage(volume.id);
  await connection.use(`extend volume ${volume.id}`, async ({ pool }) => {
    try {
      await runPlan(context, pool, planExtend(image, newSizeBytes), helpers);
    } catch (error) {
      throw isRbdError(error, 'invalid') ? wouldShrink(image, newSizeBytes, error) : error;
    }
  });
}

/** As {@link extendVolume}, for a dry run. @throws DriverError `volume-not-found`, `invalid-input` */
export async function extendPlan(pool: RbdPool, volume: Volume, newSizeBytes: number): Promise<Plan> {
  const node = await readImage(pool, volumeImage(volume.id));
  if (node === undefined) throw noVolume(volume, pool);
  if (newSizeBytes < node.sizeBytes) throw wouldShrink(node.name, newSizeBytes);
  return planExtend(node.name, newSizeBytes);
}

function planExtend(image: string, sizeBytes: number): Plan {
  return { operation: `extend ${image}`, steps: [{ kind: 'resize', image, sizeBytes }] };
}

function wouldShrink(image: string, sizeBytes: number, cause?: unknown): DriverError {
  return new DriverError({
    code: 'invalid-input',
    message: `${image} is larger than ${sizeBytes} bytes, and volumes only grow`,
    cause,
  });
}
