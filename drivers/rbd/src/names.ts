import { isUuid } from '@scoria/core';

// The names of OpenStack Cinder's driver: pools go from one to the other as they are.

const CLONE_SNAPSHOT = '.clone_snap';
const DELETED = '.deleted';
const BACKUP_SNAPSHOT = /^backup\.[a-z0-9-]+\.snap\..+$/;

export function volumeImage(volumeId: string): string {
  return `volume-${volumeId}`;
}

/** The id of the volume that an image is; `undefined` for any other image. */
export function volumeIdOf(image: string): string | undefined {
  return idAfter('volume-', image);
}

export function snapshotName(snapshotId: string): string {
  return `snapshot-${snapshotId}`;
}

/** The id of the snapshot that a snapshot of an image is; `undefined` for any other. */
export function snapshotIdOf(snapshot: string): string | undefined {
  return idAfter('snapshot-', snapshot);
}

function idAfter(prefix: string, name: string): string | undefined {
  const id = name.slice(prefix.length);
  return name.startsWith(prefix) && isUuid(id) ? id : undefined;
}

/** The snapshot that a volume is cloned from, on the volume it is a clone of. */
export function cloneSnapshot(clone: string): string {
  return clone + CLONE_SNAPSHOT;
}

export function isCloneSnapshot(snapshot: string): boolean {
  return snapshot.endsWith(CLONE_SNAPSHOT) && snapshot.length > CLONE_SNAPSHOT.length;
}

/** What a backup of Cinder's keeps on the volume, to tell next time what has changed. */
export function isBackupSnapshot(snapshot: string): boolean {
  return BACKUP_SNAPSHOT.test(snapshot);
}

/** The name of a deleted volume that has clones, as long as it has. */
export function deletedImage(image: string): string {
  return image + DELETED;
}

/** Somebody else's image may end like that too. */
export function isDeletedImage(image: string): boolean {
  return image.endsWith(DELETED) && volumeIdOf(image.slice(0, -DELETED.length)) !== undefined;
}

/** An image's name while it is not deleted. */
export function livingName(image: string): string {
  return isDeletedImage(image) ? image.slice(0, -DELETED.length) : image;
}
