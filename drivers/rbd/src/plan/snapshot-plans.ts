import { DriverError } from '@scoria/core';
import { snapshotIdOf, snapshotName, volumeIdOf } from '../names.js';
import type { ImageNode, SnapshotNode } from '../tree/image-node.js';
import { namesOfChildren } from './delete-plans.js';
import type { Plan, Step } from './plan.js';

export function planCreateSnapshot(image: string, snapshotId: string): Plan {
  const snapshot = snapshotName(snapshotId);
  return {
    operation: `take ${snapshot} of ${image}`,
    steps: [
      { kind: 'take-snapshot', image, snapshot },
      { kind: 'protect-snapshot', image, snapshot },
    ],
  };
}

/**
 * Removes a snapshot of any kind, with what has to be done first.
 * @param snapshot with what it cannot be removed under: its children of clone format 1
 * @param flatten whether those are to be made independent of it
 * @throws DriverError `snapshot-busy`, as {@link planFreeSnapshot}
 */
export function planDeleteSnapshot(
  image: string,
  pool: string,
  snapshot: SnapshotNode,
  flatten: boolean,
): Plan {
  const { name, children } = snapshot;
  const first = children.length > 0 ? planFreeSnapshot(image, pool, snapshot, flatten) : [];
  return {
    operation: `delete ${name} of ${image}`,
    steps: [
      ...first,
      { kind: 'unprotect-snapshot', image, snapshot: name },
      { kind: 'remove-snapshot', image, snapshot: name },
    ],
  };
}

/**
 * What has to be done before a snapshot can go that images of clone format 1 depend on.
 * @param flatten whether they are to be made independent of it
 * @throws DriverError `snapshot-busy` naming them, where they are not, or cannot be
 */
export function planFreeSnapshot(
  image: string,
  pool: string,
  snapshot: SnapshotNode,
  flatten: boolean,
): Step[] {
  const { children } = snapshot;
  const isOurs = children.every(
    (child) => child.pool === pool && child.poolNamespace === '' && !child.inTrash,
  );
  if (flatten && isOurs) return children.map((child) => ({ kind: 'flatten', image: child.image }));
  const names = namesOfChildren(children);
  throw new DriverError({
    code: 'snapshot-busy',
    message:
      `${snapshot.name} of ${image} cannot be deleted: ${names.join(', ') || 'something'} depends on it; delete ` +
      `that, or flatten it`,
    details: { heldBy: children.map((child) => volumeIdOf(child.image) ?? child.image) },
  });
}

/**
 * Puts an image back to a snapshot. It keeps its size if it has grown meanwhile.
 * @param needsCopy the image is independent of its parent and the snapshot is not: rolling back would lose what the
 *   snapshot has from there
 * @throws DriverError `snapshot-not-found`; `snapshot-busy` naming newer snapshots
 */
export function planRevert(image: ImageNode, snapshotId: string, needsCopy: boolean): Plan {
  const name = snapshotName(snapshotId);
  const index = image.snapshots.findIndex(
    (snapshot) => snapshot.namespace === 'user' && snapshot.name === name,
  );
  const found = image.snapshots[index];
  if (found === undefined) throw noSnapshot(image.name, snapshotId);
  const newer = image.snapshots.slice(index + 1).flatMap((snapshot) => snapshotIdOf(snapshot.name) ?? []);
  if (newer.length > 0) throw hasNewer(image.name, snapshotId, newer);
  const back: Step = { kind: needsCopy ? 'copy-back' : 'roll-back', image: image.name, snapshot: name };
  const grown: Step[] =
    image.sizeBytes > found.sizeBytes && !needsCopy
      ? [{ kind: 'resize', image: image.name, sizeBytes: image.sizeBytes }]
      : [];
  return { operation: `revert ${image.name} to ${name}`, steps: [back, ...grown] };
}

export function noSnapshot(image: string, snapshotId: string): DriverError {
  return new DriverError({
    code: 'snapshot-not-found',
    message: `${image} has no snapshot ${snapshotName(snapshotId)}`,
    details: { snapshotId },
  });
}

function hasNewer(image: string, snapshotId: string, newer: readonly string[]): DriverError {
  return new DriverError({
    code: 'snapshot-busy',
    message: `${image} has snapshots newer than ${snapshotId}: ${newer.join(', ')}; delete them first`,
    details: { heldBy: newer },
  });
}
