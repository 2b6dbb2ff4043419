import { isRbdError } from '../../errors.js';
import type { ImageHead } from '../../model/head.js';
import type { ChildImage } from '../../model/image.js';
import type { CloneOptions, CreateImageOptions, ImageReference } from '../../model/pool.js';
import type { ClusterSettings } from '../cluster-settings.js';
import { EEXIST, ENOENT, nativeError } from '../errno.js';
import type { CallOrder, NativeCalls } from '../native-calls.js';
import type { ObjectReader } from './class-read.js';
import { endRename } from './end-rename.js';
import { growImage } from './grow-image.js';
import { ImageMaker } from './image-maker.js';
import { entryInTrash, idOfImage, isImageOfFormat1 } from './image-names.js';
import { moveToTrash } from './move-to-trash.js';
import { type ImageOpener, openedHead } from './opened-head.js';
import { protectSnapshot } from './protect-snapshot.js';
import { readChildren } from './read-children.js';
import { NOT_BY_RECORDS, type PoolReaders, readHead } from './read-head.js';
import { takeSnapshot, type Taking } from './take-snapshot.js';

/** A pool whose records are read. */
export interface RecordedPool {
  readonly id: number;
  readonly name: string;
  readonly io: bigint;
  readonly calls: NativeCalls;
  readonly settings: ClusterSettings;
  readonly open: ImageOpener;
  readonly poolName: (id: number, order: CallOrder) => Promise<string | undefined>;
  readonly everyPool: () => Promise<readonly string[]>;
  /** Does something with another pool, or with this one. */
  readonly withPool: <T>(
    name: string,
    order: CallOrder,
    work: (io: bigint, order: CallOrder) => Promise<T>,
  ) => Promise<T>;
  /** Does something with an I/O context of this pool that nobody else uses. */
  readonly alone: <T>(order: CallOrder, work: (io: bigint) => Promise<T>) => Promise<T>;
}

/**
 * Reads what librbd keeps of images in the pool's objects, by the methods that the OSDs have for it: two or three round
 * trips, where opening an image takes a dozen. They are what every client of a cluster uses, the kernel's too, so that
 * they stay as they are. What librbd alone can tell is asked of librbd.
 */
export class PoolRecords {
  readonly #maker: ImageMaker;

  constructor(private readonly pool: RecordedPool) {
    this.#maker = new ImageMaker({ poolId: pool.id, settings: pool.settings });
  }

  /** See {@link ImageMaker.create}. */
  async create(name: string, options: CreateImageOptions, order: CallOrder): Promise<boolean> {
    return this.#maker.create(this.#reader(order), name, options);
  }

  /** See {@link growImage}. */
  async grow(name: string, sizeBytes: number, order: CallOrder): Promise<boolean> {
    return growImage(this.#reader(order), name, sizeBytes);
  }

  /** See {@link takeSnapshot}. */
  async takeSnapshot(image: string, snapshot: string, order: CallOrder): Promise<Taking> {
    const reader = this.#reader(order);
    return this.pool.alone(order, async (io) => takeSnapshot(reader, { ...reader, io }, image, snapshot));
  }

  /** See {@link protectSnapshot}. */
  async protectSnapshot(image: string, snapshot: string, order: CallOrder): Promise<boolean> {
    return protectSnapshot(this.#reader(order), this.#readers(order), image, snapshot);
  }

  /** See {@link moveToTrash}. */
  async moveToTrash(name: string, delaySeconds: number, order: CallOrder): Promise<boolean> {
    return moveToTrash(this.#reader(order), name, delaySeconds);
  }

  /** By librbd, which goes on where it was cut off. @returns false where nobody has begun to put it back */
  async endRestore(id: string, order: CallOrder): Promise<boolean> {
    const entry = await entryInTrash(this.#reader(order), id);
    if (entry?.isReturning !== true) return false;
    await this.pool.calls.check(order, 'rbd_trash_restore', this.pool.io, id, entry.name);
    return true;
  }

  /** By librbd; see {@link endRename}. @throws RbdError `not-found`, `exists` */
  async rename(from: string, to: string, order: CallOrder): Promise<void> {
    const result = await this.pool.calls.run(order, 'rbd_rename', this.pool.io, from, to);
    if (result === -EEXIST && (await endRename(this.#reader(order), from, to))) return;
    if (result < 0) throw nativeError(result, order.subject);
  }

  /** See {@link ImageMaker.clone}. @param parent librados' I/O context of the parent's pool */
  async clone(
    name: string,
    options: CloneOptions,
    { io, order }: { readonly io: bigint; readonly order: CallOrder },
  ): Promise<boolean> {
    const reader = this.#reader(order);
    const parentPoolId = reader.calls.library.callNow('rados_ioctx_get_id', io);
    const parent = { parentPoolId, pools: this.#readers(order) };
    return this.#maker.clone([reader, { ...reader, io }], name, options, parent);
  }

  async head(reference: ImageReference, order: CallOrder): Promise<ImageHead | undefined> {
    const reader = this.#reader(order);
    const id = typeof reference === 'string' ? await idOfImage(reader, reference) : reference.id;
    const head = id === undefined ? await this.#withoutId(reader, reference) : await this.#withId(order, id);
    return head === NOT_BY_RECORDS ? this.#byOpening(reference) : head;
  }

  /** @throws RbdError `not-found` */
  async children(imageId: string, snapshotId: number, order: CallOrder): Promise<readonly ChildImage[]> {
    const { id: poolId, everyPool, open } = this.pool;
    const pools = { ...this.#readers(order), everyPool };
    const children = await readChildren(this.#reader(order), { poolId, imageId, snapshotId }, pools);
    if (children === undefined) throw nativeError(ENOENT, order.subject);
    if (children !== NOT_BY_RECORDS) return children;
    await using image = await open({ id: imageId }, { readOnly: true });
    return await image.children(snapshotId);
  }

  async #withId(order: CallOrder, id: string): Promise<ImageHead | undefined | typeof NOT_BY_RECORDS> {
    return readHead(this.#reader(order), id, this.#readers(order));
  }

  /** An image of the oldest format has none. */
  async #withoutId(
    reader: ObjectReader,
    reference: ImageReference,
  ): Promise<undefined | typeof NOT_BY_RECORDS> {
    if (typeof reference !== 'string') return undefined;
    return (await isImageOfFormat1(reader, reference)) ? NOT_BY_RECORDS : undefined;
  }

  /** Of an image of the oldest format, which has no id, and of one in the middle of a migration. */
  async #byOpening(reference: ImageReference): Promise<ImageHead | undefined> {
    try {
      return await openedHead(this.pool.open, reference);
    } catch (error) {
      if (isRbdError(error, 'not-found')) return undefined;
      throw error;
    }
  }

  #reader(order: CallOrder): ObjectReader {
    const { calls, io } = this.pool;
    return { calls, io, order };
  }

  #readers(order: CallOrder): PoolReaders {
    const { calls, poolName, withPool } = this.pool;
    return {
      nameOf: async (id) => (id === this.pool.id ? this.pool.name : poolName(id, order)),
      reading: async (name, work) =>
        withPool(name, order, async (io, inner) => work({ calls, io, order: inner })),
    };
  }
}
