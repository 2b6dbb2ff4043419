import type { RbdError } from '../errors.js';
import type { ImageHead } from '../model/head.js';
import type { ChildImage } from '../model/image.js';
import type {
  CloneOptions,
  CreateImageOptions,
  ImageEntry,
  ImageReference,
  OpenImageOptions,
  RbdPool,
  TrashEntry,
} from '../model/pool.js';
import type { LongCall } from '../model/long-call.js';
import { checkCount, checkDelay, checkName, shown } from './arguments.js';
import { Attempt } from './attempt.js';
import { throughGate } from './image-gate.js';
import { closeImage } from './close-image.js';
import type { ClusterSettings } from './cluster-settings.js';
import { type CallSubject, ENOENT, EPERM, nativeError, rbdError } from './errno.js';
import type { HandleContext } from './handle.js';
import { nameOrId, opening } from './image-reference.js';
import { NativeImageOptions } from './image-options.js';
import { trashEntry } from './image-answers.js';
import { listAll } from './lists.js';
import { followed } from './long-work.js';
import type { CallOrder } from './native-calls.js';
import { NativeImage } from './native-image.js';
import { ObjectPool } from './object-pool.js';
import { PoolRecords } from './records/pool-records.js';
import { Words } from './words.js';

const IMAGES = { name: 'rbd_list2', width: 2, cleanup: 'rbd_image_spec_list_cleanup' } as const;
const TRASH = { name: 'rbd_trash_list', width: 5, cleanup: 'rbd_trash_list_cleanup' } as const;

/** The cluster, as far as a pool needs it: for clones of another pool's images. */
interface PoolOpener {
  openPool(name: string): Promise<NativePool>;
  readonly settings: ClusterSettings;
  pools(): Promise<readonly string[]>;
  poolName(id: number, order: CallOrder): Promise<string | undefined>;
}

/** A pool, and its images. */
export class NativePool extends ObjectPool implements RbdPool {
  readonly id: number;
  readonly #cluster: PoolOpener;
  readonly #records: PoolRecords;

  constructor(io: bigint, name: string, cluster: PoolOpener, context: HandleContext) {
    super(io, name, context);
    this.#cluster = cluster;
    this.id = this.calls.library.callNow('rados_ioctx_get_id', io);
    // A pool that is full answers so, instead of letting those who write wait until there is room.
    this.calls.library.callNow('rados_set_pool_full_try', io);
    this.#records = new PoolRecords({
      id: this.id,
      name,
      io,
      calls: this.calls,
      settings: cluster.settings,
      open: async (reference, options) => this.openImage(reference, options),
      poolName: async (id, order) => cluster.poolName(id, order),
      everyPool: async () => cluster.pools(),
      withPool: async (other, order, work) => this.#withPool(other, order, work),
      alone: async (order, work) => this.#withOwn(name, order, work),
    });
  }

  async images(): Promise<readonly ImageEntry[]> {
    const subject = { operation: IMAGES.name, object: this.label };
    return this.using(subject, async (attempt) =>
      listAll(this.calls, { attempt, subject }, IMAGES, this.io, (words, at) => ({
        id: words.text(at),
        name: words.text(at + 1),
      })),
    );
  }

  async createImage(name: string, options: CreateImageOptions): Promise<void> {
    const subject = this.#image('rbd_create4', name);
    checkName(name, 'the name', subject);
    checkCount(options.sizeBytes, 'the size', subject);
    this.checkOpen(subject);
    const layout = new NativeImageOptions(this.calls.library, options, subject);
    await this.using(subject, async (attempt) => {
      using _layout = layout;
      const order = { attempt, subject };
      if (await this.#records.create(name, options, order)) return;
      await this.calls.check(order, 'rbd_create4', this.io, name, options.sizeBytes, layout.address);
    });
  }

  async cloneImage(name: string, options: CloneOptions): Promise<void> {
    const subject = this.#image('rbd_clone3', name);
    const { parentPool = this.name, parentImage, parentSnapshot } = options;
    checkName(name, 'the name', subject);
    checkName(parentPool, 'the pool of the parent', subject);
    checkName(parentImage, 'the parent', subject);
    checkName(parentSnapshot, 'the snapshot of the parent', subject);
    this.checkOpen(subject);
    const layout = new NativeImageOptions(this.calls.library, options, subject);
    await this.using(subject, async (attempt) => {
      using _layout = layout;
      const parent = [parentImage, parentSnapshot] as const;
      const child = [this.io, name, layout.address] as const;
      await this.#withPool(parentPool, { attempt, subject }, async (io, order) => {
        if (await this.#records.clone(name, options, { io, order })) return;
        await this.calls.check(order, 'rbd_clone3', io, ...parent, ...child);
      });
    });
  }

  async head(image: ImageReference): Promise<ImageHead | undefined> {
    const name = nameOrId(image);
    const subject = this.#image('head', name);
    checkName(name, 'the name', subject);
    return this.using(subject, async (attempt) => this.#records.head(image, { attempt, subject }));
  }

  async children(imageId: string, snapshotId: number): Promise<readonly ChildImage[]> {
    const object = `snapshot #${String(snapshotId)} of image ${this.name}/${shown(imageId)}`;
    const subject = { operation: 'children', object };
    checkName(imageId, 'the id', subject);
    checkCount(snapshotId, 'the id of the snapshot', subject);
    return this.using(subject, async (attempt) =>
      this.#records.children(imageId, snapshotId, { attempt, subject }),
    );
  }

  async openImage(image: ImageReference, options: OpenImageOptions = {}): Promise<NativeImage> {
    const { snapshot, readOnly = snapshot !== undefined } = options;
    const name = nameOrId(image);
    const operation = opening(image, readOnly || snapshot !== undefined);
    const at = snapshot === undefined ? '' : `@${shown(snapshot)}`;
    const subject = this.#image(operation, `${shown(image)}${at}`);
    checkName(name, 'the name', subject);
    if (snapshot !== undefined) checkName(snapshot, 'the snapshot', subject);
    return this.using(
      subject,
      async (attempt) => {
        const made = new Words(1);
        const given = [this.io, name, made.memory, snapshot ?? null];
        await this.calls.check({ attempt, subject }, operation, ...given);
        const known = typeof image === 'string' ? image : '';
        const origin = { pool: this.io, name: known, isWritable: !readOnly && snapshot === undefined };
        return new NativeImage(made.at(0), origin, this.contextOf(subject.object));
      },
      undefined,
      async (late) => late.close(),
    );
  }

  async removeImage(name: string, call: LongCall = {}): Promise<void> {
    const subject = this.#image('rbd_remove', name);
    checkName(name, 'the name', subject);
    await this.#remove(subject, call, async (order, callback) => {
      const result = await (callback === undefined
        ? this.calls.run(order, 'rbd_remove', this.io, name)
        : this.calls.run(order, 'rbd_remove_with_progress', this.io, name, callback, null));
      if (result === -ENOENT && (await this.#isThere(name, order))) throw noRoomToRemove(subject);
      return result;
    });
  }

  async growImage(name: string, sizeBytes: number): Promise<void> {
    const subject = this.#image('growImage', name);
    checkName(name, 'the name', subject);
    checkCount(sizeBytes, 'the size', subject);
    const turn = new Attempt();
    const grow = async (): Promise<void> => turn.timed(this.#grow(name, sizeBytes), this.limitMs, subject);
    // Of two that are resized at once librbd may do the smaller one last, and cut off what the other has added.
    await throughGate(`the size of ${subject.object}`, 'alone', grow, turn);
  }

  async createSnapshot(image: string, snapshot: string): Promise<void> {
    const subject = this.#snapshot('createSnapshot', image, snapshot);
    // One after the other, where several are taken at once: librbd would have to do it otherwise.
    const taken = await this.using(subject, async (attempt) =>
      throughGate(
        this.#image('', image).object,
        'alone',
        async () => this.#records.takeSnapshot(image, snapshot, { attempt, subject }),
        attempt,
      ),
    );
    if (taken === 'done') return;
    // Each on an image of its own: one that has just removed it may still see it.
    if (taken === 'spoilt') await this.#whileOpen(image, async (open) => open.removeSnapshot(snapshot));
    await this.#whileOpen(image, async (open) => open.createSnapshot(snapshot));
  }

  async protectSnapshot(image: string, snapshot: string): Promise<void> {
    const subject = this.#snapshot('protectSnapshot', image, snapshot);
    const isProtected = await this.using(subject, async (attempt) =>
      this.#records.protectSnapshot(image, snapshot, { attempt, subject }),
    );
    if (!isProtected) await this.#whileOpen(image, async (open) => open.protectSnapshot(snapshot));
  }

  async renameImage(from: string, to: string): Promise<void> {
    const subject = this.#image('rbd_rename', from);
    checkName(from, 'the name', subject);
    checkName(to, 'the new name', subject);
    await this.using(subject, async (attempt) => this.#records.rename(from, to, { attempt, subject }));
  }

  async trash(): Promise<readonly TrashEntry[]> {
    const subject = { operation: TRASH.name, object: `the trash of ${this.label}` };
    return this.using(subject, async (attempt) =>
      listAll(this.calls, { attempt, subject }, TRASH, this.io, trashEntry),
    );
  }

  async moveToTrash(name: string, delaySeconds: number): Promise<void> {
    const subject = this.#image('rbd_trash_move', name);
    checkName(name, 'the name', subject);
    checkDelay(delaySeconds, subject);
    await this.using(subject, async (attempt) => {
      const order = { attempt, subject };
      if (await this.#records.moveToTrash(name, delaySeconds, order)) return;
      await this.calls.check(order, 'rbd_trash_move', this.io, name, delaySeconds);
    });
  }

  async restoreFromTrash(id: string, name: string): Promise<void> {
    const subject = this.#inTrash('rbd_trash_restore', id);
    checkName(id, 'the id', subject);
    checkName(name, 'the name', subject);
    await this.simply(subject, 'rbd_trash_restore', id, name);
  }

  async endRestore(id: string): Promise<boolean> {
    const subject = this.#inTrash('endRestore', id);
    checkName(id, 'the id', subject);
    return this.using(subject, async (attempt) => this.#records.endRestore(id, { attempt, subject }));
  }

  async removeFromTrash(
    id: string,
    { force = false, ...call }: LongCall & { readonly force?: boolean } = {},
  ): Promise<void> {
    const subject = this.#inTrash('rbd_trash_remove', id);
    checkName(id, 'the id', subject);
    const forced = force ? 1 : 0;
    await this.#remove(subject, call, async (order, callback) => {
      if (callback === undefined) return this.calls.run(order, 'rbd_trash_remove', this.io, id, forced);
      const given = [this.io, id, forced, callback, null];
      const result = await this.calls.run(order, 'rbd_trash_remove_with_progress', ...given);
      return result;
    });
  }

  async #grow(name: string, sizeBytes: number): Promise<void> {
    const subject = this.#image('growImage', name);
    const isGrown = await this.using(subject, async (attempt) =>
      this.#records.grow(name, sizeBytes, { attempt, subject }),
    );
    if (!isGrown) await this.#whileOpen(name, async (image) => image.resize(sizeBytes));
  }

  async #whileOpen(name: string, work: (image: NativeImage) => Promise<void>): Promise<void> {
    await using image = await this.openImage(name);
    await work(image);
  }

  /** Runs a removal to its end, however long it takes. */
  async #remove(
    subject: CallSubject,
    call: LongCall,
    run: (order: CallOrder, callback: bigint | undefined) => Promise<number>,
  ): Promise<void> {
    const work = async (attempt: Attempt): Promise<void> => {
      const order = { attempt, subject, lane: 'removal' } as const;
      const result = await followed(this.calls.library, call, order, async (callback) =>
        run(order, callback?.address),
      );
      if (result === -EPERM && subject.operation === 'rbd_trash_remove') {
        throw rbdError('not-expired', subject, 'its delay has not passed', { errno: EPERM });
      }
      if (result < 0) throw nativeError(result, subject);
    };
    await this.using(subject, work, this.patienceFor(call));
  }

  async #isThere(name: string, order: CallOrder): Promise<boolean> {
    const made = new Words(1);
    const result = await this.calls.run(order, 'rbd_open_read_only', this.io, name, made.memory, null);
    if (result >= 0) await closeImage(this.calls.library, this.io, made.at(0));
    return result >= 0;
  }

  /** Does something with another pool, or with this one. */
  async #withPool<T>(
    name: string,
    order: CallOrder,
    work: (io: bigint, order: CallOrder) => Promise<T>,
  ): Promise<T> {
    if (name === this.name) return work(this.io, order);
    return this.#withOwn(name, order, async (io) => work(io, order));
  }

  /** With an I/O context that nobody else uses; it stays until every call has ended that was made meanwhile. */
  async #withOwn<T>(name: string, order: CallOrder, work: (io: bigint) => Promise<T>): Promise<T> {
    await using pool = await this.#cluster.openPool(name);
    try {
      return await work(pool.io);
    } finally {
      await order.attempt.quiet();
    }
  }

  #image(operation: string, name: unknown): CallSubject {
    return { operation, object: `image ${this.name}/${shown(name)}` };
  }

  #snapshot(operation: string, image: string, snapshot: string): CallSubject {
    const subject = { operation, object: `${this.#image('', image).object}@${shown(snapshot)}` };
    checkName(image, 'the name of the image', subject);
    checkName(snapshot, 'the name of the snapshot', subject);
    return subject;
  }

  #inTrash(operation: string, id: unknown): CallSubject {
    return { operation, object: `image with the id ${shown(id)} in the trash of ${this.label}` };
  }
}

/** librbd first notes in the pool's trash what it is about to remove, and says "not found" where the note fails. */
function noRoomToRemove(subject: CallSubject): RbdError {
  const text =
    'the pool is full, or its quota is reached, and a removal has to write a little first: ' +
    'give the pool more (ceph osd pool set-quota), then remove it again';
  return rbdError('no-space', subject, text, { errno: ENOENT });
}
