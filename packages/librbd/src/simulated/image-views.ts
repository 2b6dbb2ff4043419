import type { ImageHead, SnapshotHead } from '../model/head.js';
import type { ChildImage, ImageInfo, ParentImage } from '../model/image.js';
import { inOrder } from './features.js';
import { locksOf } from './locks.js';
import type { ImageState, ParentLink, SnapshotState } from './state/image-state.js';
import { countOfFormat2, hasPartInFormat2 } from './state/lineage.js';

/* What there is to be seen of an image, in the words of the model. */

export function infoOf(image: ImageState, sizeBytes: number): ImageInfo {
  const { id, order, features, stripe } = image;
  const layout = { stripeUnitBytes: stripe.unitBytes, stripeCount: stripe.count };
  const shown = hasPartInFormat2(image) ? [...features, 'operations'] : features;
  return { id, sizeBytes, order, features: inOrder(new Set(shown)), ...layout };
}

export function headOf(image: ImageState): ImageHead {
  const link = image.layers.map(({ parent }) => parent).find((parent) => overlapOf(parent) > 0);
  return {
    ...infoOf(image, image.sizeBytes),
    snapshots: image.snapshots.map(snapshotHead),
    parent: link && { ...parentImage(link), overlapBytes: overlapOf(image.parent) },
    isLocked: locksOf(image) !== undefined,
  };
}

function snapshotHead(snapshot: SnapshotState): SnapshotHead {
  const { id, name, sizeBytes, namespace, isProtected, parent } = snapshot;
  const records = {
    isProtected,
    childrenOfFormat2: countOfFormat2(snapshot),
    overlapBytes: overlapOf(parent),
  };
  return { id, name, sizeBytes, namespace, ...records };
}

function overlapOf(parent: ParentLink | undefined): number {
  return parent?.overlapBytes ?? 0;
}

export function parentImage({ image, snapshot, overlapBytes }: ParentLink): ParentImage {
  return {
    pool: image.pool.name,
    poolNamespace: '',
    image: image.name,
    imageId: image.id,
    imageInTrash: image.trash !== undefined,
    snapshot: snapshot.name,
    snapshotId: snapshot.id,
    snapshotNamespace: snapshot.namespace,
    overlapBytes,
  };
}

export function childImage({ pool, name, id, trash }: ImageState): ChildImage {
  return { pool: pool.name, poolNamespace: '', image: name, imageId: id, inTrash: trash !== undefined };
}
