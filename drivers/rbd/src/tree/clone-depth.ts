import type { ParentImage, RbdPool } from '@scoria/librbd';
import type { ImageNode } from './image-node.js';
import { ownParent } from './read-image.js';

/**
 * How many ancestors an image has: every link counts, by whatever snapshot. One that is in another pool or in the trash
 * is the last that is counted.
 * @param most it is not counted further
 */
export async function cloneDepth(
  pool: RbdPool,
  { parent: first }: Pick<ImageNode, 'parent'>,
  most: number,
): Promise<number> {
  let depth = 0;
  let parent: ParentImage | undefined = first;
  while (parent !== undefined && depth < most) {
    depth += 1;
    parent = await parentOf(pool, parent);
  }
  return depth;
}

async function parentOf(pool: RbdPool, image: ParentImage): Promise<ParentImage | undefined> {
  if (image.pool !== pool.name || image.imageInTrash) return undefined;
  const head = await pool.head(image.image);
  return head && ownParent(head);
}
