import { isRbdError } from '@scoria/librbd';
import type { ChildImage, RbdCluster, RbdPool, SnapshotHead } from '@scoria/librbd';

/** Where children are looked at: they may be in other pools. */
export interface HoldersLook {
  readonly cluster: RbdCluster;
  readonly pool: RbdPool;
}

/**
 * The children that a snapshot cannot be removed under: those of clone format 1. One of format 2 goes on to read from what
 * is in the trash then. One that cannot be looked at counts too.
 */
export async function snapshotHolders(
  look: HoldersLook,
  imageId: string,
  { id, isProtected, childrenOfFormat2 }: SnapshotHead,
): Promise<ChildImage[]> {
  if (!isProtected) return [];
  const children = await look.pool.children(imageId, id);
  if (children.length === childrenOfFormat2) return [];
  const holders: ChildImage[] = [];
  for (const child of children) {
    if (await isHolder(look, child)) holders.push(child);
  }
  return holders;
}

async function isHolder(look: HoldersLook, child: ChildImage): Promise<boolean> {
  if (child.poolNamespace !== '') return true;
  if (child.pool === look.pool.name) return isOfFormat1(look.pool, child);
  try {
    await using pool = await look.cluster.openPool(child.pool);
    return await isOfFormat1(pool, child);
  } catch (error) {
    if (isRbdError(error, 'permission')) return true;
    throw error;
  }
}

/** False for one that has gone meanwhile. */
async function isOfFormat1(pool: RbdPool, { imageId }: ChildImage): Promise<boolean> {
  try {
    await using image = await pool.openImage({ id: imageId }, { readOnly: true });
    return !(await image.isCloneOfFormat2());
  } catch (error) {
    if (isRbdError(error, 'not-found')) return false;
    throw error;
  }
}
