import type { ChildImage, ParentImage } from '@scoria/librbd';
import type { ImageNode, SnapshotNode } from '../tree/image-node.js';

/** A snapshot for a planner: its number is its place among its image's. */
export function aSnapshot(name: string, fields: Partial<SnapshotNode> = {}): SnapshotNode {
  return { id: 0, name, sizeBytes: 1024, namespace: 'user', children: [], ...fields };
}

/** An image for a planner; its id is 'id-' and its name. */
export function anImage(
  name: string,
  snapshots: readonly SnapshotNode[] = [],
  fields: Partial<ImageNode> = {},
): ImageNode {
  return {
    name,
    id: `id-${name}`,
    sizeBytes: 1024,
    stripeUnitBytes: 2 ** 22,
    snapshots: snapshots.map((snapshot, index) => ({
      ...snapshot,
      id: snapshot.id === 0 ? index + 1 : snapshot.id,
    })),
    parent: undefined,
    isFlat: fields.parent === undefined,
    isHalfRenamed: false,
    isLocked: false,
    ...fields,
  };
}

export function aChild(image: string, fields: Partial<ChildImage> = {}): ChildImage {
  return { pool: 'volumes', poolNamespace: '', image, imageId: `id-${image}`, inTrash: false, ...fields };
}

/** How a child depends on the snapshot `snapshot` of `image`. */
export function aParent(image: string, snapshot: string, fields: Partial<ParentImage> = {}): ParentImage {
  return {
    pool: 'volumes',
    poolNamespace: '',
    image,
    imageId: `id-${image}`,
    imageInTrash: false,
    snapshot,
    snapshotId: 1,
    snapshotNamespace: 'user',
    overlapBytes: 1024,
    ...fields,
  };
}
