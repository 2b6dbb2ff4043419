import { DriverError } from '@scoria/core';
import type { RbdPool } from '@scoria/librbd';
import { flattenedFrom } from '../journal/kept-snapshots.js';
import { deletedImage } from '../names.js';
import { usersBelow } from '../tree/users-below.js';
import type { DoomedSnapshot } from './doomed-snapshot.js';
import type { RbdTools } from './rbd-tools.js';

/**
 * Clones that were made independent of a snapshot: what was opened before that still reads from it.
 * @throws DriverError `snapshot-busy` naming what is open
 */
export async function requireUnread(
  { locks, connection }: RbdTools,
  image: string,
  snapshot: string,
  flattened: readonly { readonly image: string }[],
): Promise<void> {
  const isRead = (name: string): Promise<boolean> => locks.isRead(name);
  for (const { image: child } of flattened) {
    const below = await connection.use(`look who uses clones of ${child}`, ({ cluster, pool }) =>
      usersBelow({ cluster, pool, isRead }, child),
    );
    const users = (await locks.isRead(child)) ? [child, ...below] : below;
    if (users.length > 0) throw stillRead(image, snapshot, users);
  }
}

/**
 * As {@link requireUnread}, for those that were made independent in the background: by the journal, which has them until
 * nobody reads through them.
 */
export async function requireUnreadByFlattened(
  tools: RbdTools,
  pool: RbdPool,
  image: string,
  { imageId, entry }: DoomedSnapshot,
): Promise<void> {
  const flattened = (await flattenedFrom(tools.journal, pool, imageId)).get(entry.id) ?? [];
  const names = flattened.flatMap((name) => [name, deletedImage(name)]);
  await requireUnread(
    tools,
    image,
    entry.name,
    names.map((name) => ({ image: name })),
  );
}

function stillRead(image: string, snapshot: string, users: readonly string[]): DriverError {
  return new DriverError({
    code: 'snapshot-busy',
    message:
      `${snapshot} of ${image} cannot be deleted yet: ${users.join(', ')} was opened before it became independent of ` +
      'it, and goes on to read from it; try again when that has been closed',
    details: { heldBy: users },
  });
}
