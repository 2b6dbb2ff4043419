import type { LongCall } from '../model/long-call.js';
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
import { checkCount, checkDelay, checkName } from './arguments.js';
import { resizeTo } from './contents/image-writing.js';
import { type Connection, SimulatedHandle } from './handle.js';
import { addImage, attachClone, cloneable, cloneLayout, userSnapshot } from './new-image.js';
import type { Progress } from './process.js';
import { removeStepByStep } from './removal.js';
import { checkMayChange, checkRoom } from './room.js';
import type { SimulatedCeph } from './simulated-ceph.js';
import { simulatedError, type SimulatedSubject } from './simulated-error.js';
import { SimulatedImage } from './simulated-image.js';
import { childImage, headOf } from './image-views.js';
import type { ImageState } from './state/image-state.js';
import type { PoolState } from './state/pool-state.js';

export class SimulatedPool extends SimulatedHandle implements RbdPool {
  constructor(
    private readonly pool: PoolState,
    private readonly ceph: SimulatedCeph,
    connection: Connection,
    owner: SimulatedHandle,
  ) {
    super(connection, owner);
  }

  get name(): string {
    return this.pool.name;
  }

  get id(): number {
    return this.pool.id;
  }

  async images(): Promise<readonly ImageEntry[]> {
    return this.call(this.#own('images'), false, () =>
      [...this.pool.images.values()].map(({ id, name }) => ({ id, name })).sort(by(({ name }) => name)),
    );
  }

  async createImage(name: string, options: CreateImageOptions): Promise<void> {
    const subject = this.#image('createImage', name);
    checkName(name, 'the name', subject);
    checkCount(options.sizeBytes, 'the size', subject);
    await this.#change(subject, () => {
      checkRoom(this.pool, this.ceph, 0, subject);
      addImage(this.pool, name, options, { ceph: this.ceph, subject });
    });
  }

  async cloneImage(name: string, options: CloneOptions): Promise<void> {
    const subject = this.#image('cloneImage', name);
    checkName(name, 'the name', subject);
    checkName(options.parentImage, 'the parent', subject);
    checkName(options.parentSnapshot, 'the snapshot of the parent', subject);
    await this.#change(subject, async (progress) => {
      const on = { ceph: this.ceph, subject };
      const parentPool = this.ceph.pools.get(options.parentPool ?? this.name);
      const link = cloneable(parentPool, options, on);
      checkRoom(this.pool, this.ceph, 0, subject);
      const layout = { ...cloneLayout(options, link.image), sizeBytes: link.snapshot.sizeBytes };
      const child = addImage(this.pool, name, layout, on);
      // Who dies here leaves an image that has no parent yet.
      await progress.step(1, 2);
      attachClone(child, link, subject);
    });
  }

  async head(reference: ImageReference): Promise<ImageHead | undefined> {
    const named = typeof reference === 'string' ? reference : reference.id;
    const subject = this.#image('head', named);
    checkName(named, 'the name', subject);
    return this.call(subject, false, () => {
      const image = typeof reference === 'string' ? this.pool.images.get(named) : this.#byId(named);
      return image === undefined || image.isHollow ? undefined : headOf(image);
    });
  }

  async children(imageId: string, snapshotId: number): Promise<readonly ChildImage[]> {
    const subject = this.#image('children', `${imageId}@#${String(snapshotId)}`);
    checkName(imageId, 'the id', subject);
    checkCount(snapshotId, 'the id of the snapshot', subject);
    return this.call(subject, false, () => {
      const snapshot = this.#byId(imageId)?.snapshots.find(({ id }) => id === snapshotId);
      if (snapshot === undefined) throw simulatedError('not-found', subject, 'there is no such snapshot');
      return [...snapshot.children].map(childImage);
    });
  }

  async openImage(reference: ImageReference, options: OpenImageOptions = {}): Promise<SimulatedImage> {
    const { snapshot } = options;
    const isReadOnly = options.readOnly === true || snapshot !== undefined;
    const named = typeof reference === 'string' ? reference : reference.id;
    const name = typeof reference === 'string' ? reference : '';
    const subject = this.#image('openImage', named);
    checkName(named, 'the name', subject);
    if (snapshot !== undefined) checkName(snapshot, 'the snapshot', subject);
    return this.#open(subject, () => {
      const image = this.#find(reference, subject);
      const opened = snapshot === undefined ? undefined : userSnapshot(image, snapshot);
      if (snapshot !== undefined && opened === undefined) {
        throw simulatedError('not-found', subject, `it has no snapshot ${snapshot}`);
      }
      if (!isReadOnly) checkMayChange(this.pool, this.connection.user, subject);
      const view = { name, snapshot: opened, isReadOnly };
      return new SimulatedImage(image, view, this.ceph, this.connection, this);
    });
  }

  async removeImage(name: string, call: LongCall = {}): Promise<void> {
    const subject = this.#image('removeImage', name);
    checkName(name, 'the name', subject);
    const remove = async (progress: Progress): Promise<void> => {
      const image = this.pool.images.get(name);
      if (image === undefined) throw simulatedError('not-found', subject, 'there is no such image');
      await removeStepByStep(image, subject, progress);
    };
    await this.#change(subject, remove, call);
  }

  async growImage(name: string, sizeBytes: number): Promise<void> {
    const subject = this.#image('growImage', name);
    checkName(name, 'the name', subject);
    checkCount(sizeBytes, 'the size', subject);
    await this.#change(subject, async (progress) => {
      await progress.step(0, 1);
      const image = this.#find(name, subject);
      if (sizeBytes < image.sizeBytes) throw simulatedError('invalid', subject, 'that would shrink it');
      resizeTo(image, sizeBytes);
    });
  }

  async createSnapshot(image: string, snapshot: string): Promise<void> {
    checkName(snapshot, 'the name of the snapshot', this.#image('createSnapshot', image));
    await using open = await this.openImage(image);
    await open.createSnapshot(snapshot);
  }

  async protectSnapshot(image: string, snapshot: string): Promise<void> {
    checkName(snapshot, 'the name of the snapshot', this.#image('protectSnapshot', image));
    await using open = await this.openImage(image);
    await open.protectSnapshot(snapshot);
  }

  async renameImage(from: string, to: string): Promise<void> {
    const subject = this.#image('renameImage', from);
    checkName(from, 'the name', subject);
    checkName(to, 'the new name', subject);
    await this.#change(subject, () => {
      const image = this.#find(from, subject);
      this.#checkFree(to, subject);
      this.pool.images.delete(from);
      image.name = to;
      this.pool.images.set(to, image);
    });
  }

  async trash(): Promise<readonly TrashEntry[]> {
    return this.call(this.#own('trash'), false, () =>
      [...this.pool.trash.values()]
        .flatMap(({ id, trash }) => (trash === undefined ? [] : [{ id, source: 'user' as const, ...trash }]))
        .sort(by(({ id }) => id)),
    );
  }

  async moveToTrash(name: string, delaySeconds: number): Promise<void> {
    const subject = this.#image('moveToTrash', name);
    checkName(name, 'the name', subject);
    checkDelay(delaySeconds, subject);
    await this.#change(subject, () => {
      const image = this.#find(name, subject);
      const now = Math.floor(this.ceph.now() / 1000);
      const [deletedAt, deferredUntil] = [now, now + delaySeconds].map((time) => new Date(time * 1000));
      if (deletedAt === undefined || deferredUntil === undefined) return;
      this.pool.images.delete(name);
      image.trash = { name, deletedAt, deferredUntil };
      this.pool.trash.set(image.id, image);
    });
  }

  async restoreFromTrash(id: string, name: string): Promise<void> {
    const subject = this.#trashed('restoreFromTrash', id);
    checkName(id, 'the id', subject);
    checkName(name, 'the name', subject);
    await this.#change(subject, () => {
      const image = this.#inTrash(id, subject);
      this.#checkFree(name, subject);
      this.pool.trash.delete(id);
      image.trash = undefined;
      image.name = name;
      this.pool.images.set(name, image);
    });
  }

  /** Here it is put back in one go. */
  async endRestore(id: string): Promise<boolean> {
    const subject = this.#trashed('endRestore', id);
    checkName(id, 'the id', subject);
    return this.call(subject, false, () => false);
  }

  async removeFromTrash(id: string, options: LongCall & { readonly force?: boolean } = {}): Promise<void> {
    const subject = this.#trashed('removeFromTrash', id);
    checkName(id, 'the id', subject);
    const remove = async (progress: Progress): Promise<void> => {
      const image = this.#inTrash(id, subject);
      const until = image.trash?.deferredUntil.getTime() ?? 0;
      if (options.force !== true && until > this.ceph.now()) {
        throw simulatedError('not-expired', subject, 'its delay has not passed');
      }
      await removeStepByStep(image, subject, progress);
    };
    await this.#change(subject, remove, options);
  }

  async keys(object: string): Promise<ReadonlyMap<string, Buffer>> {
    const subject = this.#object('keys', object);
    checkName(object, 'the name', subject);
    return this.call(subject, false, () => {
      const entries = [...(this.pool.objects.get(object) ?? [])];
      return new Map(entries.sort(by(([key]) => key)).map(([key, value]) => [key, Buffer.from(value)]));
    });
  }

  async setKeys(object: string, values: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const subject = this.#object('setKeys', object);
    checkName(object, 'the name', subject);
    for (const key of values.keys()) checkName(key, 'the key', subject);
    await this.#change(subject, () => {
      checkRoom(this.pool, this.ceph, 0, subject);
      const keys = this.pool.objects.get(object) ?? new Map<string, Buffer>();
      for (const [key, value] of values) keys.set(key, Buffer.from(value));
      this.pool.objects.set(object, keys);
    });
  }

  async removeKeys(object: string, keys: readonly string[]): Promise<void> {
    const subject = this.#object('removeKeys', object);
    checkName(object, 'the name', subject);
    for (const key of keys) checkName(key, 'the key', subject);
    if (keys.length === 0) return;
    await this.#change(subject, () => {
      for (const key of keys) this.pool.objects.get(object)?.delete(key);
    });
  }

  async removeObject(object: string): Promise<void> {
    const subject = this.#object('removeObject', object);
    checkName(object, 'the name', subject);
    await this.#change(subject, () => {
      if (this.pool.objects.delete(object)) return;
      throw simulatedError('not-found', subject, 'there is no such object');
    });
  }

  /** What is opened for a caller who has given up meanwhile is closed. */
  async #open(subject: SimulatedSubject, work: () => SimulatedImage): Promise<SimulatedImage> {
    let opened: SimulatedImage | undefined;
    try {
      return await this.call(subject, false, () => (opened = work()));
    } catch (error) {
      await opened?.close();
      throw error;
    }
  }

  /** A call that changes the pool. */
  async #change(
    subject: SimulatedSubject,
    work: (progress: Progress) => void | Promise<void>,
    long?: LongCall,
  ): Promise<void> {
    const allowed = (progress: Progress): void | Promise<void> => {
      checkMayChange(this.pool, this.connection.user, subject);
      return work(progress);
    };
    await this.call(subject, true, allowed, long);
  }

  #find(reference: ImageReference, subject: SimulatedSubject): ImageState {
    const image = typeof reference === 'string' ? this.pool.images.get(reference) : this.#byId(reference.id);
    if (image !== undefined && !image.isHollow) return image;
    throw simulatedError('not-found', subject, 'there is no such image');
  }

  #byId(id: string): ImageState | undefined {
    return this.pool.trash.get(id) ?? [...this.pool.images.values()].find((image) => image.id === id);
  }

  #inTrash(id: string, subject: SimulatedSubject): ImageState {
    const image = this.pool.trash.get(id);
    if (image === undefined) throw simulatedError('not-found', subject, 'the trash has no such image');
    return image;
  }

  #checkFree(name: string, subject: SimulatedSubject): void {
    if (this.pool.images.has(name)) throw simulatedError('exists', subject, `there is an image ${name}`);
  }

  #own(operation: string): SimulatedSubject {
    return { operation, object: `pool ${this.name}` };
  }

  #image(operation: string, name: string): SimulatedSubject {
    return { operation, object: `image ${this.name}/${name}` };
  }

  #trashed(operation: string, id: string): SimulatedSubject {
    return { operation, object: `image with the id ${id} in the trash of pool ${this.name}` };
  }

  #object(operation: string, name: string): SimulatedSubject {
    return { operation, object: `object ${this.name}/${name}` };
  }
}

/** In the order of bytes. */
function by<T>(keyOf: (item: T) => string): (one: T, other: T) => number {
  return (one, other) => Buffer.compare(Buffer.from(keyOf(one)), Buffer.from(keyOf(other)));
}
