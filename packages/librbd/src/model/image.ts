import type { LongCall } from './long-call.js';

export interface ImageInfo {
  readonly id: string;
  readonly sizeBytes: number;
  /** log2 of the size of an object in bytes. */
  readonly order: number;
  readonly features: readonly string[];
  readonly stripeUnitBytes: number;
  readonly stripeCount: number;
}

export interface SnapshotEntry {
  readonly id: number;
  readonly name: string;
  readonly sizeBytes: number;
  /** `user` ones can be named; `trash` ones are removed already but for their children (clone format 2). */
  readonly namespace: 'user' | 'group' | 'trash' | 'mirror';
}

/** The snapshot that an image is a child of. */
export interface ParentImage {
  readonly pool: string;
  readonly poolNamespace: string;
  readonly image: string;
  readonly imageId: string;
  readonly imageInTrash: boolean;
  /** As it is called: one in the trash has a made-up name. */
  readonly snapshot: string;
  readonly snapshotId: number;
  readonly snapshotNamespace: SnapshotEntry['namespace'];
  /** How much of the child may still come from the parent, in bytes. */
  readonly overlapBytes: number;
}

export interface ChildImage {
  readonly pool: string;
  readonly poolNamespace: string;
  readonly image: string;
  readonly imageId: string;
  readonly inTrash: boolean;
}

/** Who has an image open for writing, or watches it. */
export interface Watcher {
  readonly address: string;
  readonly id: number;
  readonly cookie: bigint;
}

export interface ImageLock {
  readonly tag: string;
  readonly isExclusive: boolean;
  readonly lockers: readonly { readonly client: string; readonly cookie: string; readonly address: string }[];
}

export interface DiffOptions {
  /** Only what differs from this snapshot; all there is unless told. */
  readonly since?: string;
  readonly offset?: number;
  readonly length?: number;
  /** Counts what comes from the parent too. */
  readonly includeParent?: boolean;
  /** Whole objects: faster, less exact. */
  readonly wholeObject?: boolean;
}

/** A run of bytes that differs: with data, or (`exists` false) without any now. */
export interface DiffExtent {
  readonly offset: number;
  readonly length: number;
  readonly exists: boolean;
}

/** An open image, or an open snapshot of one. Offsets, lengths and sizes are bytes. */
export interface RbdImage extends AsyncDisposable {
  /** The name it was opened by; '' for one opened by its id. */
  readonly name: string;
  /** Of an open snapshot with its size. Raises only what every call may: `timed-out`, `disconnected`, `closed`. */
  info(): Promise<ImageInfo>;
  /**
   * Fills a new buffer of exactly `length` bytes, or `into`, which has as many: it is the image's until the read resolves,
   * and is not to be used again where that fails with `timed-out`, as it may be filled later.
   * @throws RbdError `invalid` beyond the end
   */
  read(offset: number, length: number, into?: Buffer): Promise<Buffer>;
  /** The caller must not change `data` until it resolves. @throws RbdError `invalid` beyond the end, `read-only`, `quota`, `no-space` */
  write(offset: number, data: Uint8Array): Promise<void>;
  /** Gives room back. Whole runs of 64 KiB of an object are gone; others of the range may stay as they were. */
  discard(offset: number, length: number): Promise<void>;
  /** The range reads as zeroes afterwards; gives room back where it can. */
  writeZeroes(offset: number, length: number): Promise<void>;
  /** What was written before is durable afterwards. */
  flush(): Promise<void>;
  /** Shrinks only with `allowShrink`. @throws RbdError `invalid` */
  resize(sizeBytes: number, options?: LongCall & { readonly allowShrink?: boolean }): Promise<void>;
  /** In order, without overlap; gaps hold nothing that differs. */
  diff(options?: DiffOptions): AsyncIterable<DiffExtent>;

  /** Of every namespace, in the order they were taken. */
  snapshots(): Promise<readonly SnapshotEntry[]>;
  /** @throws RbdError `exists` */
  createSnapshot(name: string): Promise<void>;
  /** @throws RbdError `not-found`, `busy` (protected, or has children of clone format 1) */
  removeSnapshot(name: string): Promise<void>;
  /**
   * The same by the snapshot's id, of any namespace: one that is in the trash without a child is what a removal that was
   * cut off has left.
   * @throws RbdError `not-found`, `busy` (protected, or in the trash for its children)
   */
  removeSnapshotById(id: number): Promise<void>;
  /** Not twice: the old name is gone. @throws RbdError `not-found`, `exists` (its own name too), `read-only` */
  renameSnapshot(from: string, to: string): Promise<void>;
  /** @throws RbdError `busy` already protected, `not-found` */
  protectSnapshot(name: string): Promise<void>;
  /** @throws RbdError `invalid` not protected, `busy` has children (of clone format 1), `not-found` */
  unprotectSnapshot(name: string): Promise<void>;
  /** @throws RbdError `not-found` */
  isProtected(snapshot: string): Promise<boolean>;
  /** Puts the image back to the snapshot. */
  rollback(snapshot: string, call?: LongCall): Promise<void>;

  /**
   * undefined where it has none, and where nothing of it is seen any more (no overlap): it is a child all the same then. An
   * open image may not have heard of what became of the parent's snapshot meanwhile.
   */
  parent(): Promise<ParentImage | undefined>;
  /** The children of a snapshot (of any namespace, by its id), those in the trash included. */
  children(snapshotId: number): Promise<readonly ChildImage[]>;
  /**
   * Whether it, or a snapshot of it, is a clone of format 2. A child that is not keeps its parent's snapshot from being
   * unprotected.
   */
  isCloneOfFormat2(): Promise<boolean>;
  /** Makes it independent of its parent. @throws RbdError `invalid` has no parent */
  flatten(call?: LongCall): Promise<void>;

  /** By key, in their order; empty where there is none. Raises only what every call may, as `info`. */
  metadata(): Promise<ReadonlyMap<string, string>>;
  /** @throws RbdError as `setMetadata`; undefined where there is no such key */
  metadataValue(key: string): Promise<string | undefined>;
  /**
   * Can be repeated: it takes the place of what was there.
   * @throws RbdError `invalid` (no key, or a setting, `conf_...`, that librbd does not know or not so), `read-only`
   */
  setMetadata(key: string, value: string): Promise<void>;
  /** One that is not there is fine. */
  removeMetadata(key: string): Promise<void>;
  /** @throws RbdError `invalid` where a feature cannot be changed later */
  updateFeatures(features: readonly string[], enabled: boolean): Promise<void>;

  /** Itself too, where it is open for writing; who only reads is none. Raises only what every call may, as `info`. */
  watchers(): Promise<readonly Watcher[]>;
  /**
   * undefined where nobody holds one; a lock that librbd takes by itself (`tag` is `internal`) as it was when the image was
   * opened or last changed.
   */
  locks(): Promise<ImageLock | undefined>;
  /** @throws RbdError `busy` someone else holds it, `exists` held by us already */
  lockExclusively(cookie: string): Promise<void>;
  /** Gives back what `lockExclusively` has taken; not twice. @throws RbdError `not-found` we hold no such lock */
  unlock(cookie: string): Promise<void>;
  /** Takes a lock away, and cuts its holder off the cluster; not twice. @throws RbdError `not-found`, `permission` */
  breakLock(client: string, cookie: string): Promise<void>;
  close(): Promise<void>;
}
