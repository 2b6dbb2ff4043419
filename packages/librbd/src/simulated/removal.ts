import type { Progress } from './process.js';
import { simulatedError, type SimulatedSubject } from './simulated-error.js';
import type { ImageState } from './state/image-state.js';
import { detachHead } from './state/lineage.js';

/** Removes an image that may be removed, step by step. What an interrupted removal leaves can be removed again. */
export async function removeStepByStep(
  image: ImageState,
  subject: SimulatedSubject,
  progress: Progress,
): Promise<void> {
  if (!image.isHollow) {
    checkRemovable(image, subject);
    await emptyObjects(image, progress);
    detachHead(image);
    image.isHollow = true;
    await progress.step(1, 1);
  }
  image.isGone = true;
  const { pool } = image;
  if (pool.images.get(image.name) === image) pool.images.delete(image.name);
  pool.trash.delete(image.id);
}

/** @throws RbdError `not-empty`, `busy` */
function checkRemovable(image: ImageState, subject: SimulatedSubject): void {
  if (image.snapshots.length > 0) {
    throw simulatedError('not-empty', subject, `it has ${image.snapshots.length} snapshot(s)`);
  }
  if (image.watchers.size > 0) throw simulatedError('busy', subject, 'it is open for writing somewhere');
}

/** The objects go last to first; who has the image open for reading sees zeroes. */
async function emptyObjects(image: ImageState, progress: Progress): Promise<void> {
  const objects = [...image.objects.keys()].sort((one, other) => other - one);
  let done = 0;
  for (const object of objects) {
    image.objects.delete(object);
    done += 1;
    await progress.step(done, objects.length + 1);
  }
}
