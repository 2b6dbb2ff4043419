import { isRbdError } from '@scoria/librbd';
import type { LongCall, RbdPool } from '@scoria/librbd';
import type { StepHelpers, TrashedImage } from './step-helpers.js';

/**
 * Removes an image in the two parts that librbd's removal comes to, which by themselves open it half as often. Recorded
 * before, so that who dies in between leaves something that the next start ends.
 * @param call by what the removal is given up where the cluster does not answer
 * @returns false where it is as it was: somebody has it open, say; a removal in one go tells who and why
 */
export async function removeByTrash(
  pool: RbdPool,
  trashed: TrashedImage,
  helpers: Pick<StepHelpers, 'claimTrash' | 'unclaimTrash'>,
  call: LongCall,
): Promise<boolean> {
  const { image, id } = trashed;
  try {
    await helpers.claimTrash(pool, { ...trashed, isPassing: true });
  } catch (error) {
    if (isRbdError(error, 'no-space', 'quota')) return false;
    throw error;
  }
  if (!(await isMoved(pool, image))) {
    await helpers.unclaimTrash(pool, trashed);
    return false;
  }
  const isGone = await isRemoved(pool, id, call);
  if (!isGone) await pool.restoreFromTrash(id, image);
  await helpers.unclaimTrash(pool, trashed);
  return isGone;
}

async function isMoved(pool: RbdPool, image: string): Promise<boolean> {
  try {
    await pool.moveToTrash(image, 0);
    return true;
  } catch (error) {
    // Said before anything is changed. After any other error it may be half moved: it stays recorded.
    if (isRbdError(error, 'not-found', 'busy', 'no-space', 'quota')) return false;
    throw error;
  }
}

async function isRemoved(pool: RbdPool, id: string, call: LongCall): Promise<boolean> {
  try {
    await pool.removeFromTrash(id, call);
    return true;
  } catch (error) {
    if (isRbdError(error, 'not-found')) return true;
    // Otherwise some of it may be gone: it stays recorded, and in the trash.
    if (isRbdError(error, 'busy', 'not-empty')) return false;
    throw error;
  }
}
