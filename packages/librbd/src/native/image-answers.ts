import type { ChildImage, ImageInfo, ParentImage, SnapshotEntry, Watcher } from '../model/image.js';
import type { TrashEntry } from '../model/pool.js';
import { featureNames } from './features.js';
import type { Words } from './words.js';

/* What the structures of librbd say, by their words. */

const NAMESPACES = ['user', 'group', 'trash', 'mirror'] as const;

export function namespaceOf(type: number): SnapshotEntry['namespace'] {
  return NAMESPACES[type] ?? 'group';
}

/** `rbd_image_info_t`, as far as it is used: size, size of an object, number of objects, order. */
export const STAT_WORDS = 20;

export function infoOf(stat: Words, facts: Words, id: string): ImageInfo {
  return {
    id,
    sizeBytes: stat.number(0),
    order: stat.int(3),
    features: featureNames(facts.at(0)),
    stripeUnitBytes: facts.number(1),
    stripeCount: facts.number(2),
  };
}

/** `rbd_linked_image_spec_t`: id and name of the pool, namespace, id and name of the image, whether it is in the trash. */
export const LINK_WORDS = 6;
/** `rbd_snap_spec_t`: id, kind, name. */
export const SNAPSHOT_SPEC_WORDS = 3;

export function parentOf(link: Words, snapshot: Words, overlapBytes: number): ParentImage {
  return {
    pool: link.text(1),
    poolNamespace: link.text(2),
    image: link.text(4),
    imageId: link.text(3),
    imageInTrash: link.flag(5),
    snapshot: snapshot.text(2),
    snapshotId: snapshot.number(0),
    snapshotNamespace: namespaceOf(snapshot.int(1)),
    overlapBytes,
  };
}

export function childAt(words: Words, at: number): ChildImage {
  return {
    pool: words.text(at + 1),
    poolNamespace: words.text(at + 2),
    image: words.text(at + 4),
    imageId: words.text(at + 3),
    inTrash: words.flag(at + 5),
  };
}

/** `rbd_image_watcher_t`: address, id, cookie. */
export function watcherAt(words: Words, at: number): Watcher {
  return { address: words.text(at), id: words.signed(at + 1), cookie: words.at(at + 2) };
}

/** `rbd_snap_info_t`: id, size, name. */
export function snapshotAt(words: Words, at: number): Omit<SnapshotEntry, 'namespace'> {
  return { id: words.number(at), sizeBytes: words.number(at + 1), name: words.text(at + 2) };
}

const SOURCES = ['user', 'mirroring', 'migration', 'removing', 'user-parent'] as const;

/** `rbd_trash_image_info_t`: id, name, who has moved it there, when, and until when it stays. */
export function trashEntry(words: Words, at: number): TrashEntry {
  return {
    id: words.text(at),
    name: words.text(at + 1),
    source: SOURCES[words.int(at + 2)] ?? 'user',
    deletedAt: new Date(words.signed(at + 3) * 1000),
    deferredUntil: new Date(words.signed(at + 4) * 1000),
  };
}
