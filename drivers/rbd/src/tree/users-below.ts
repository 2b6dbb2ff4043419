import { isRbdError } from '@scoria/librbd';
import type { ChildImage, ImageReference, RbdCluster, RbdImage, RbdPool, Watcher } from '@scoria/librbd';

/** Where images are looked for, and who reads them in this host's processes. */
export interface UsersLook {
  readonly cluster: RbdCluster;
  readonly pool: RbdPool;
  /** Whether a process of this host reads an image of the pool: that does not watch it. */
  readonly isRead: (image: string) => Promise<boolean>;
}

/**
 * The clones of an image, and their clones, that somebody has open. Who has opened one before the image was made
 * independent goes on to read through it from its former parent, and finds zeroes where that is gone: Ceph does not tell
 * them. Who opens one afterwards does not, so one look without users is enough.
 */
export async function usersBelow(look: UsersLook, image: ImageReference): Promise<string[]> {
  const open = await openForLook(look.pool, image);
  if (open === undefined) return [];
  try {
    const users: string[] = [];
    for (const { id } of await open.snapshots()) {
      for (const child of await open.children(id)) users.push(...(await usersOf(look, child)));
    }
    return users;
  } finally {
    await open.close();
  }
}

async function usersOf(look: UsersLook, child: ChildImage): Promise<string[]> {
  const name = `${child.pool}/${child.image}`;
  // What cannot be looked at may be in use.
  if (child.poolNamespace !== '') return [name];
  try {
    if (child.pool === look.pool.name) return await usersHere(look, child);
    await using pool = await look.cluster.openPool(child.pool);
    return await usersHere({ ...look, pool, isRead: () => Promise.resolve(false) }, child);
  } catch (error) {
    if (isRbdError(error, 'permission')) return [name];
    throw error;
  }
}

async function usersHere(look: UsersLook, { image, imageId }: ChildImage): Promise<string[]> {
  const open = await openForLook(look.pool, { id: imageId });
  if (open === undefined) return [];
  const watchers = await watchersOf(open);
  const isUsed = watchers.length > 0 || (await look.isRead(image));
  const below = await usersBelow(look, { id: imageId });
  return isUsed ? [image, ...below] : below;
}

async function watchersOf(image: RbdImage): Promise<readonly Watcher[]> {
  try {
    return await image.watchers();
  } finally {
    await image.close();
  }
}

async function openForLook(pool: RbdPool, image: ImageReference): Promise<RbdImage | undefined> {
  try {
    return await pool.openImage(image, { readOnly: true });
  } catch (error) {
    if (isRbdError(error, 'not-found')) return undefined;
    throw error;
  }
}
