import type { CloneOptions, CreateImageOptions } from '../model/pool.js';
import { DEFAULT_FEATURES, featuresOfNew } from './features.js';
import type { SimulatedCeph } from './simulated-ceph.js';
import { simulatedError, type SimulatedSubject } from './simulated-error.js';
import { ImageState, type ParentLink, type SnapshotState } from './state/image-state.js';
import { attach } from './state/lineage.js';
import type { PoolState } from './state/pool-state.js';

const DEFAULT_ORDER = 22;
const SMALLEST_ORDER = 12;
const LARGEST_ORDER = 25;

type Layout = Omit<CreateImageOptions, 'sizeBytes'>;

/** Puts an image into a pool. @throws RbdError `exists`, `invalid` */
export function addImage(
  pool: PoolState,
  name: string,
  options: CreateImageOptions,
  { ceph, subject }: { readonly ceph: SimulatedCeph; readonly subject: SimulatedSubject },
): ImageState {
  const { order = DEFAULT_ORDER } = options;
  if (order < SMALLEST_ORDER || order > LARGEST_ORDER || !Number.isInteger(order)) {
    throw simulatedError('invalid', subject, `the order has to be from 12 to 25, not ${order}`);
  }
  const stripe = stripeOf(options, order, subject);
  const features = featuresOfNew(options.features ?? DEFAULT_FEATURES, subject);
  if (pool.images.has(name)) throw simulatedError('exists', subject, 'there is an image of this name');
  features.delete('striping');
  if (stripe.unitBytes !== 2 ** order || stripe.count !== 1) features.add('striping');
  const image = new ImageState(ceph.nextImageId(), name, pool, order, stripe);
  image.features = features;
  image.sizeBytes = options.sizeBytes;
  pool.images.set(name, image);
  return image;
}

/** The layout of a clone: what is not told is its parent's. */
export function cloneLayout(options: CloneOptions, { order, stripe, features }: ImageState): Layout {
  const { stripeUnitBytes, stripeCount } = options;
  const isTold = stripeUnitBytes !== undefined || stripeCount !== undefined;
  const layout = isTold ? {} : { stripeUnitBytes: stripe.unitBytes, stripeCount: stripe.count };
  return {
    ...layout,
    ...options,
    order: options.order ?? order,
    features: options.features ?? [...features],
  };
}

/** The snapshot that a clone is to be made of. @throws RbdError `not-found`, `invalid`, `not-supported` */
export function cloneable(
  pool: PoolState | undefined,
  options: CloneOptions,
  { ceph, subject }: { readonly ceph: SimulatedCeph; readonly subject: SimulatedSubject },
): ParentLink {
  const { parentImage, parentSnapshot, parentPool, format = ceph.cloneFormat } = options;
  const image = pool?.images.get(parentImage);
  const snapshot = image?.isHollow === false ? userSnapshot(image, parentSnapshot) : undefined;
  if (image === undefined || snapshot === undefined) {
    const parent = `${parentPool ?? 'the pool'}/${parentImage}@${parentSnapshot}`;
    throw simulatedError('not-found', subject, `there is no parent ${parent}`);
  }
  if (format === 1 && !snapshot.isProtected) {
    throw simulatedError('invalid', subject, `${parentImage}@${parentSnapshot} is not protected`);
  }
  if (!image.features.has('layering')) {
    throw simulatedError('not-supported', subject, `${parentImage} has no layering`);
  }
  return { image, snapshot, overlapBytes: snapshot.sizeBytes, format };
}

/** Makes a new image a clone. @throws RbdError `invalid`, and the image is gone again */
export function attachClone(child: ImageState, link: ParentLink, subject: SimulatedSubject): void {
  if (link.overlapBytes === 0) {
    child.pool.images.delete(child.name);
    throw simulatedError('invalid', subject, 'its parent has no bytes');
  }
  for (const [key, value] of link.image.metadata) child.metadata.set(key, value);
  attach(child, link);
}

export function userSnapshot(image: ImageState, name: string): SnapshotState | undefined {
  return image.snapshots.find((snapshot) => snapshot.namespace === 'user' && snapshot.name === name);
}

function stripeOf(
  { stripeUnitBytes, stripeCount }: Layout,
  order: number,
  subject: SimulatedSubject,
): { unitBytes: number; count: number } {
  const objectBytes = 2 ** order;
  const unit = stripeUnitBytes ?? 0;
  const count = stripeCount ?? 0;
  if (unit === 0 && count === 0) return { unitBytes: objectBytes, count: 1 };
  if (unit === 0 || count === 0 || objectBytes % unit !== 0) {
    throw simulatedError(
      'invalid',
      subject,
      'the stripe unit has to divide the object, and its count be told',
    );
  }
  return { unitBytes: unit, count };
}
