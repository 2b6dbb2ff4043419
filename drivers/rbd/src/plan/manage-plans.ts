import { DriverError } from '@scoria/core';
import { isBackupSnapshot, isCloneSnapshot } from '../names.js';
import type { ImageNode, SnapshotNode } from '../tree/image-node.js';
import { nameOfSnapshot } from '../tree/image-node.js';
import type { Plan } from './plan.js';

/**
 * Makes the snapshot `from` of an image the snapshot `to`, protected as those are that were taken here. The renaming comes
 * last: until then nothing has happened that matters. One that has its name already was renamed before.
 * @throws DriverError `snapshot-not-found`, `already-exists`, `invalid-input` one that is not a user's
 */
export function planManageSnapshot(image: ImageNode, from: string, to: string): Plan {
  const operation = `manage ${nameOfSnapshot(image.name, from)}`;
  const taken = userSnapshot(image, to);
  const found = userSnapshot(image, from) ?? taken ?? requireSnapshot(image, from);
  if (taken !== undefined && found !== taken) throw isTaken(image.name, to);
  const reason = reasonAgainstSnapshot(found);
  if (reason !== '') throw cannotBeManaged(image.name, from, reason);
  const protect = { kind: 'protect-snapshot', image: image.name, snapshot: found.name } as const;
  if (found === taken) return { operation, steps: [protect] };
  return {
    operation,
    steps: [protect, { kind: 'rename-snapshot', image: image.name, snapshot: from, to }],
  };
}

/** The snapshot of this name, which can be managed. @throws DriverError `snapshot-not-found`, `invalid-input` */
export function requireManageable(image: ImageNode, name: string): SnapshotNode {
  const found = requireSnapshot(image, name);
  const reason = reasonAgainstSnapshot(found);
  if (reason !== '') throw cannotBeManaged(image.name, name, reason);
  return found;
}

/** Why a snapshot is nothing that an operator could manage; '' where it is. */
export function reasonAgainstSnapshot({ name, namespace }: Pick<SnapshotNode, 'name' | 'namespace'>): string {
  if (namespace === 'trash') return 'it was removed, and is kept for its clones';
  if (namespace !== 'user') return `it belongs to a ${namespace}`;
  if (isCloneSnapshot(name)) return 'it is kept for a clone, and goes with that';
  return isBackupSnapshot(name) ? 'it is kept for backups, and goes with the volume' : '';
}

function userSnapshot({ snapshots }: ImageNode, wanted: string): SnapshotNode | undefined {
  return snapshots.find(({ name, namespace }) => namespace === 'user' && name === wanted);
}

function requireSnapshot(image: ImageNode, name: string): SnapshotNode {
  const found = userSnapshot(image, name);
  if (found !== undefined) return found;
  throw new DriverError({
    code: 'snapshot-not-found',
    message: `${image.name} has no snapshot ${name}`,
    details: { image: image.name, snapshot: name },
  });
}

function isTaken(image: string, name: string): DriverError {
  return new DriverError({
    code: 'already-exists',
    message: `${image} has a snapshot ${name} already; nothing was renamed`,
    details: { image, snapshot: name },
  });
}

function cannotBeManaged(image: string, name: string, reason: string): DriverError {
  return new DriverError({
    code: 'invalid-input',
    message: `${nameOfSnapshot(image, name)} cannot be taken over: ${reason}`,
    details: { image, snapshot: name },
  });
}
