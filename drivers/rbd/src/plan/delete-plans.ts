import { DriverError } from '@scoria/core';
import type { ChildImage, ParentImage } from '@scoria/librbd';
import { referenceOf } from '../journal/entry.js';
import { deletedImage, isBackupSnapshot, isCloneSnapshot, isDeletedImage, snapshotIdOf } from '../names.js';
import type { ImageNode, SnapshotNode } from '../tree/image-node.js';
import type { Plan, Step } from './plan.js';

/** How images that nobody needs any more go. */
export interface RemovalPolicy {
  /** undefined: at once; otherwise they stay in the trash for as many seconds. */
  readonly trashSeconds: number | undefined;
}

/** What a delete of a volume comes to. */
export interface DeletePlan extends Plan {
  /** The image itself goes, so that what it depends on may be let go of. Otherwise it is renamed. */
  readonly removesImage: boolean;
}

/**
 * Deletes a volume's image, or renames it where clones depend on it. A rename that was cut off is ended in any case:
 * the image's second name would stay otherwise.
 * @param image with the children of its clone snapshots and of those in the trash
 * @throws DriverError `volume-busy` naming its snapshots
 */
export function planDeleteVolume(image: ImageNode, policy: RemovalPolicy): DeletePlan {
  const operation = `delete ${image.name}`;
  const holders = image.snapshots.filter(isOfUser);
  if (holders.length > 0) throw heldBySnapshots(image, holders);
  const garbage = image.snapshots.filter(
    (snapshot) => isBackup(snapshot) || isUnusedCloneSnapshot(snapshot) || isCutOff(snapshot),
  );
  const first = garbage.flatMap((snapshot) => removalOf(image.name, snapshot));
  const left = image.snapshots.filter(
    (snapshot) => !garbage.includes(snapshot) && snapshot.namespace !== 'mirror',
  );
  if (left.length > 0 || image.isHalfRenamed) {
    const rename: Step = { kind: 'rename', image: image.name, to: deletedImage(image.name) };
    return { operation, steps: [...first, rename], removesImage: false };
  }
  return { operation, steps: [...first, removalOfImage(image, policy)], removesImage: true };
}

/** What becomes of an image once a child of it does not need it any more. */
export interface ReleasePlan extends Plan {
  /** Go on with the image's own parent. */
  readonly goesOn: boolean;
}

/**
 * Lets go of the snapshot that a child, which is gone or independent now, was cloned from: it goes if it was taken for
 * that, and with the last one goes a deleted image. Where there is still a child of it nothing happens.
 * @param parent with the children of its snapshots
 * @param link how the child depended on it
 * @param gone ids of images that count as gone already, for a dry run
 */
export function planRelease(
  parent: ImageNode,
  link: Pick<ParentImage, 'snapshotId'>,
  policy: RemovalPolicy,
  gone: readonly string[] = [],
): ReleasePlan {
  const operation = `let go of ${parent.name}`;
  const stays = ({ children }: SnapshotNode): boolean =>
    children.some(({ imageId }) => !gone.includes(imageId));
  const isLinked = ({ id, name, namespace }: SnapshotNode): boolean =>
    id === link.snapshotId && namespace === 'user' && isCloneSnapshot(name);
  const isGarbage = (snapshot: SnapshotNode): boolean =>
    !stays(snapshot) &&
    (isLinked(snapshot) ||
      isCutOff(snapshot) ||
      (isDeletedImage(parent.name) && (isUnusedName(snapshot) || snapshot.namespace === 'trash')));
  const garbage = parent.snapshots.filter(isGarbage);
  const steps = garbage
    .filter((snapshot) => snapshot.namespace === 'user' || isCutOff(snapshot))
    .flatMap((snapshot) => removalOf(parent.name, snapshot));
  const left = parent.snapshots.filter((snapshot) => !garbage.includes(snapshot));
  const removesImage = isDeletedImage(parent.name) && left.every(({ namespace }) => namespace === 'mirror');
  const all = removesImage ? [...steps, removalOfImage(parent, policy)] : steps;
  // A parent in the trash is a child of its own parent as long as it is there.
  const isGone = removesImage && policy.trashSeconds === undefined;
  const goesOn = parent.parent !== undefined && (isGone || (parent.isFlat && steps.length > 0));
  return { operation, steps: all, goesOn };
}

/** Snapshots that a volume's owner has to delete first: also those that nobody here knows. */
function isOfUser({ name, namespace }: SnapshotNode): boolean {
  if (namespace === 'group') return true;
  return namespace === 'user' && !isCloneSnapshot(name) && !isBackupSnapshot(name);
}

function isBackup({ name, namespace }: SnapshotNode): boolean {
  return namespace === 'user' && isBackupSnapshot(name);
}

function isUnusedCloneSnapshot(snapshot: SnapshotNode): boolean {
  return snapshot.namespace === 'user' && isCloneSnapshot(snapshot.name) && snapshot.children.length === 0;
}

/** Of a deleted image: nobody takes a snapshot of it any more. */
function isUnusedName({ name, namespace }: SnapshotNode): boolean {
  return namespace === 'user' && (isCloneSnapshot(name) || isBackupSnapshot(name));
}

/** Ceph removes a snapshot from its trash with the last child; without one it is there because its removal was cut off. */
export function isCutOff({ namespace, children }: SnapshotNode): boolean {
  return namespace === 'trash' && children.length === 0;
}

function removalOf(image: string, { id, name: snapshot, namespace }: SnapshotNode): Step[] {
  if (namespace === 'trash') return [{ kind: 'remove-trashed-snapshot', image, snapshotId: id }];
  const remove: Step = { kind: 'remove-snapshot', image, snapshot };
  return isBackupSnapshot(snapshot) ? [remove] : [{ kind: 'unprotect-snapshot', image, snapshot }, remove];
}

function removalOfImage(node: ImageNode, { trashSeconds }: RemovalPolicy): Step {
  const { name, id, parent, isLocked, sizeBytes, stripeUnitBytes } = node;
  const link = parent === undefined ? {} : { parent: referenceOf(parent) };
  if (trashSeconds !== undefined) {
    return { kind: 'move-to-trash', image: name, id, delaySeconds: trashSeconds, ...link };
  }
  const objects = Math.ceil(sizeBytes / stripeUnitBytes);
  return isLocked
    ? { kind: 'remove-image', image: name, objects }
    : { kind: 'remove-image', image: name, id, objects, ...link };
}

function heldBySnapshots({ name }: ImageNode, holders: readonly SnapshotNode[]): DriverError {
  const names = holders.map((snapshot) => snapshot.name);
  return new DriverError({
    code: 'volume-busy',
    message: `${name} has ${names.length} snapshot(s), ${names.join(', ')}; delete them first`,
    details: { heldBy: names.map((snapshot) => snapshotIdOf(snapshot) ?? snapshot) },
  });
}

/** Whether something of the parent's may have to go with its child: what was taken for the child, or the parent itself. */
export function mayRelease({ pool, snapshot, image }: ParentImage, ownPool: string): boolean {
  return pool === ownPool && (isCloneSnapshot(snapshot) || isDeletedImage(image));
}

/** For messages: the images that depend on a snapshot. */
export function namesOfChildren(children: readonly ChildImage[]): string[] {
  return children.map(({ pool, image, inTrash }) => `${pool}/${image}${inTrash ? ' (in the trash)' : ''}`);
}
