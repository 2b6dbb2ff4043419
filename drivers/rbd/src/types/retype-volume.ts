import { DriverError } from '@scoria/core';
import type { OperationContext, Volume, VolumeType } from '@scoria/core';
import type { RbdTools } from '../driver/rbd-tools.js';
import type { LockClaim } from '../driver/volume-locks.js';
import { imageClaim } from '../driver/volume-locks.js';
import { volumeImage } from '../names.js';
import { wishesOf } from './image-wishes.js';
import { planShape } from './plan-shape.js';
import { changeShape, shapeOf } from './shape-image.js';

/**
 * See `RetypeVolume.retypeVolume`. Limits change under a guest, which librbd tells; features do not: who has the image
 * open may be the owner of its lock.
 */
export async function retypeVolume(
  context: OperationContext,
  { locks, connection, helpers }: RbdTools,
  volume: Volume,
  to: VolumeType | undefined,
): Promise<void> {
  const wishes = wishesOf(to);
  const name = volumeImage(volume.id);
  await using _lock = await locks.hold(context, [imageClaim(name, 'shared'), typeClaim(name)]);
  await connection.use(`give volume ${volume.id} another type`, async ({ pool }) => {
    await using image = await pool.openImage(name);
    const shape = await shapeOf(image);
    const changes = planShape(name, shape, wishes);
    const isSwitched = changes.some(({ kind }) => kind === 'switch-features');
    if (volume.status === 'in-use' && isSwitched) throw inUse(volume, to);
    await changeShape(context, helpers, image, shape, changes);
  });
}

/** What an image is like, beside what is done with its data. */
function typeClaim(image: string): LockClaim {
  return { name: `type.${image}` };
}

function inUse({ id, attachments = [] }: Volume, to: VolumeType | undefined): DriverError {
  const type = to === undefined ? 'no type' : `the type ${to.name}`;
  return new DriverError({
    code: 'volume-busy',
    message: `volume ${id} needs other image features with ${type}, and a guest has it; detach it first`,
    details: { volumeId: id, heldBy: attachments.map((attachment) => attachment.id) },
  });
}
