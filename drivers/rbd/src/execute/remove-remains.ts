import { isRbdError } from '@scoria/librbd';
import type { RbdPool } from '@scoria/librbd';

/**
 * Ends the making or removing of an image that was cut off in the middle: it cannot be opened any more, and has its name
 * still. The caller has tried to open it. Given up when librbd says nothing of its progress for long.
 */
export async function removeRemains(pool: RbdPool, image: string): Promise<void> {
  try {
    await pool.removeImage(image, { onProgress: () => undefined });
  } catch (error) {
    if (!isRbdError(error, 'not-found')) throw error;
  }
}
