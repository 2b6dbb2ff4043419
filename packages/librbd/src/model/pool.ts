import type { LongCall } from './long-call.js';
import type { ImageHead } from './head.js';
import type { ChildImage, RbdImage } from './image.js';

/** The version of clones: 1 needs protected snapshots, 2 (clusters that require mimic or later) does not. */
export type CloneFormat = 1 | 2;

export interface CreateImageOptions {
  readonly sizeBytes: number;
  /** log2 of the size of an object in bytes; 22 (4 MiB) unless told. */
  readonly order?: number;
  /** By name, such as `layering`; the cluster's default features unless told. */
  readonly features?: readonly string[];
  readonly stripeUnitBytes?: number;
  readonly stripeCount?: number;
}

export interface CloneOptions {
  /** The pool of the parent; the child's own unless told. */
  readonly parentPool?: string;
  readonly parentImage: string;
  /** Where it is known: it need not be asked for. */
  readonly parentId?: string;
  readonly parentSnapshot: string;
  /** This and the following: the parent's unless told. */
  readonly order?: number;
  readonly features?: readonly string[];
  readonly stripeUnitBytes?: number;
  readonly stripeCount?: number;
  /** What the cluster's minimum client asks for, unless told. */
  readonly format?: CloneFormat;
}

export interface ImageEntry {
  readonly id: string;
  readonly name: string;
}

export interface TrashEntry {
  readonly id: string;
  /** The name it had. */
  readonly name: string;
  /** `user` was moved there by a call; others are librbd's own business. */
  readonly source: 'user' | 'mirroring' | 'migration' | 'removing' | 'user-parent';
  readonly deletedAt: Date;
  /** Not to be removed before then unless forced. */
  readonly deferredUntil: Date;
}

/** How an image is named: by name, or by id, which alone reaches one that is in the trash. */
export type ImageReference = string | { readonly id: string };

export interface OpenImageOptions {
  /** Needs no right to write, and cannot. */
  readonly readOnly?: boolean;
  /** Opens the data of this snapshot; implies `readOnly`. */
  readonly snapshot?: string;
}

/** A pool, in its default namespace. */
export interface RbdPool extends AsyncDisposable {
  readonly name: string;
  readonly id: number;
  /** Those in the trash are not among them. */
  images(): Promise<readonly ImageEntry[]>;
  /** @throws RbdError `exists`, `invalid`, `quota`, `permission` */
  createImage(name: string, options: CreateImageOptions): Promise<void>;
  /** Makes `name` a child of a snapshot. @throws RbdError `not-found`, `exists`, `invalid` (not protected, with format 1), `not-supported` (no layering) */
  cloneImage(name: string, options: CloneOptions): Promise<void>;
  /**
   * What the cluster knows of an image, as it is now, without opening it: several times faster, and nobody sees it.
   * @returns undefined where there is no such image
   */
  head(image: ImageReference): Promise<ImageHead | undefined>;
  /** The children of a snapshot, as {@link RbdImage.children}, without opening the image. @throws RbdError `not-found` */
  children(imageId: string, snapshotId: number): Promise<readonly ChildImage[]>;
  /** @throws RbdError `not-found` */
  openImage(image: ImageReference, options?: OpenImageOptions): Promise<RbdImage>;
  /** @throws RbdError `not-found`, `busy` (watched), `not-empty` (has snapshots, also of those that only children keep) */
  removeImage(name: string, call?: LongCall): Promise<void>;
  /**
   * Makes an image larger, or leaves it as it is; those who have it open hear of it. Faster than opening it where nobody
   * writes to it.
   * @throws RbdError `not-found`, `invalid` where it is larger
   */
  growImage(name: string, sizeBytes: number): Promise<void>;
  /**
   * Takes a snapshot, as {@link RbdImage.createSnapshot} does. Faster than opening the image where nobody has it open.
   * @throws RbdError `not-found`, `exists`
   */
  createSnapshot(image: string, snapshot: string): Promise<void>;
  /**
   * As {@link RbdImage.protectSnapshot}; those who have the image open hear of it. Faster than opening it where nobody
   * writes to it.
   * @throws RbdError `not-found`, `busy` (protected already)
   */
  protectSnapshot(image: string, snapshot: string): Promise<void>;
  /** One that was cut off is ended by the next with the same names. @throws RbdError `not-found`, `exists` */
  renameImage(from: string, to: string): Promise<void>;

  trash(): Promise<readonly TrashEntry[]>;
  /**
   * Those who have it open go on.
   * @throws RbdError `not-found`, `invalid` where the delay is more than `MOST_TRASH_SECONDS`
   */
  moveToTrash(name: string, delaySeconds: number): Promise<void>;
  /** Back under `name`. @throws RbdError `not-found`, `exists` */
  restoreFromTrash(id: string, name: string): Promise<void>;
  /**
   * Puts an image back for good, under the name that it had, where somebody who did has died over it: it can neither be
   * removed nor moved then.
   * @returns false where there is no such image in the trash, or nobody has begun to put it back
   * @throws RbdError `exists`
   */
  endRestore(id: string): Promise<boolean>;
  /** @throws RbdError `not-found`, `not-expired` unless `force`, `busy` (watched), `not-empty` (has snapshots) */
  removeFromTrash(id: string, options?: LongCall & { readonly force?: boolean }): Promise<void>;

  /** Keys and values of a RADOS object, in the order of the keys; empty where there is no such object. */
  keys(object: string): Promise<ReadonlyMap<string, Buffer>>;
  /** Sets keys of a RADOS object, which is made when missing: all in one step. */
  setKeys(object: string, values: ReadonlyMap<string, Uint8Array>): Promise<void>;
  /** Removes keys in one step; those that are not there, and an object that is not, are fine. */
  removeKeys(object: string, keys: readonly string[]): Promise<void>;
  /** @throws RbdError `not-found` */
  removeObject(object: string): Promise<void>;
  close(): Promise<void>;
  /**
   * As `close`, once no call is under way and no image is open any more; until then they can be used. Whoever wants it closed
   * at once can `close` it, or the cluster, meanwhile.
   */
  closeWhenUnused(): Promise<void>;
}
