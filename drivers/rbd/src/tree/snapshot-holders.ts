import { isRbdError } from '@scoria/librbd';
import type { ChildImage, RbdCluster, RbdImage, RbdPool } from '@scoria/librbd';

/** Where children are looked at: they may be in other pools. */
export interface HoldersLook {
  readonly cluster: RbdCluster;
  readonly pool: RbdPool;
}

/**
 * The children that a snapshot cannot be removed under: those of clone format 1. One of format 2 goes on to read from what
 * is in the trash then. One that cannot be looked at counts too.
 * @param image with the snapshot
 */
export async function snapshotHolders(
  look: HoldersLook,
  image: RbdImage,
  snapshot: { readonly id: number; readonly name: string },
): Promise<ChildImage[]> {
  if (!(await image.isProtected(snapshot.name))) return [];
  const holders: ChildImage[] = [];
  for (const child of await image.children(snapshot.id)) {
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
