import type { ImageLock, SnapshotEntry, Watcher } from '../../model/image.js';
import type { CloneFormat } from '../../model/pool.js';
import type { Intervals } from '../contents/intervals.js';
import type { Layer, LayerBelow } from '../contents/layer.js';
import type { ObjectData } from '../contents/object-data.js';
import type { PoolSettings } from './pool-settings.js';

/** That something is seen through a snapshot of another image. */
export interface ParentLink {
  readonly image: ImageState;
  readonly snapshot: SnapshotState;
  readonly overlapBytes: number;
  readonly format: CloneFormat;
}

/** What was written, by object, since the snapshot before. */
export type Changes = Map<number, Intervals>;

abstract class LayerState implements Layer {
  abstract readonly order: number;
  objects = new Map<number, ObjectData>();
  changes: Changes = new Map();
  parent: ParentLink | undefined;
  sizeBytes = 0;

  get below(): LayerBelow | undefined {
    if (this.parent === undefined) return undefined;
    return { layer: this.parent.snapshot, overlapBytes: this.parent.overlapBytes };
  }
}

/** A snapshot of an image, or what is left of one that has children. */
export class SnapshotState extends LayerState {
  namespace: SnapshotEntry['namespace'] = 'user';
  isProtected = false;
  /** Every image that sees something through it, with its head or with a snapshot. */
  readonly children = new Set<ImageState>();

  constructor(
    readonly id: number,
    /** A made-up one in the trash. */
    public name: string,
    readonly order: number,
  ) {
    super();
  }
}

/** Where an image is in the trash, if it is. */
export interface TrashState {
  readonly name: string;
  readonly deletedAt: Date;
  readonly deferredUntil: Date;
}

/** The pool that an image is in. */
export interface ImagePool {
  readonly name: string;
  readonly settings: PoolSettings;
  /** By name; those in the trash are not among them. */
  readonly images: Map<string, ImageState>;
  /** By id. */
  readonly trash: Map<string, ImageState>;
  /** Bytes of all images, snapshots' and trash included. */
  readonly storedBytes: number;
}

export class ImageState extends LayerState {
  features = new Set<string>();
  snapshots: SnapshotState[] = [];
  trash: TrashState | undefined;
  readonly metadata = new Map<string, string>();
  readonly watchers = new Map<bigint, Watcher>();
  /** What {@link ImageLock} says, of a lock taken by a caller. */
  lock: ImageLock | undefined;
  /** The watcher's cookie of whom librbd itself has given the lock to. */
  lockOwner: bigint | undefined;
  /** Its removal was interrupted: only its name is left, which can be removed. */
  isHollow = false;
  /** It is gone: those who have it open for reading see what there was. */
  isGone = false;

  constructor(
    readonly id: string,
    public name: string,
    readonly pool: ImagePool,
    readonly order: number,
    readonly stripe: { readonly unitBytes: number; readonly count: number },
  ) {
    super();
  }

  /** The head, and the snapshots: all that may see something through a parent. */
  get layers(): readonly LayerState[] {
    return [this, ...this.snapshots];
  }
}
