import type { ChildImage, RbdPool } from '@scoria/librbd';
import type { ImageNode } from '../tree/image-node.js';
import type { Journal } from './journal.js';

/**
 * Images that were made independent of a snapshot of this one, or are about to be: who had one of their clones open then
 * goes on to read from the snapshot. Their flattening is in the journal until nobody does.
 * @returns their names by the snapshot's id
 */
export async function flattenedFrom(
  journal: Journal,
  pool: RbdPool,
  imageId: string,
): Promise<ReadonlyMap<number, readonly string[]>> {
  const found = new Map<number, string[]>();
  for (const { key, intent } of await journal.entries(pool)) {
    const parent = intent.kind === 'flatten' ? intent.parent : undefined;
    if (parent?.pool !== pool.name || parent.imageId !== imageId) continue;
    found.set(parent.snapshotId, [...(found.get(parent.snapshotId) ?? []), key]);
  }
  return found;
}

/**
 * The image with those that may still be read through its snapshots among their children.
 * @param except the snapshot that one of them is about to let go of
 */
export async function withReaders(
  journal: Journal,
  pool: RbdPool,
  node: ImageNode,
  except?: number,
): Promise<ImageNode> {
  const isChildless = node.snapshots.some(
    ({ id, children, namespace }) => namespace === 'user' && id !== except && children.length === 0,
  );
  if (!isChildless) return node;
  const readers = await flattenedFrom(journal, pool, node.id);
  const snapshots = node.snapshots.map((snapshot) => {
    if (snapshot.id === except) return snapshot;
    const more = (readers.get(snapshot.id) ?? []).map((image) => readerOf(pool, image));
    return { ...snapshot, children: [...snapshot.children, ...more] };
  });
  return { ...node, snapshots };
}

function readerOf({ name: pool }: RbdPool, image: string): ChildImage {
  return { pool, poolNamespace: '', image, imageId: '', inTrash: false };
}
