import type {
  ChildImage,
  DiffExtent,
  DiffOptions,
  ImageInfo,
  ImageLock,
  ParentImage,
  RbdImage,
  SnapshotEntry,
  Watcher,
} from '../model/image.js';
import type { LongCall } from '../model/long-call.js';
import { checkCount, checkName, checkText } from './arguments.js';
import { texts } from './buffers.js';
import { DataImage } from './data-image.js';
import { ENOENT, nativeError } from './errno.js';
import { featureBits, isCloneChild } from './features.js';
import type { RbdFunction } from './functions.js';
import {
  childAt,
  infoOf,
  LINK_WORDS,
  namespaceOf,
  parentOf,
  SNAPSHOT_SPEC_WORDS,
  snapshotAt,
  STAT_WORDS,
  watcherAt,
} from './image-answers.js';
import { listAll } from './lists.js';
import type { CallOrder } from './native-calls.js';
import { Words } from './words.js';

const SNAPSHOTS = { name: 'rbd_snap_list', width: 3, cleanup: 'rbd_snap_list_end' } as const;
const CHILDREN = {
  name: 'rbd_list_children3',
  width: LINK_WORDS,
  cleanup: 'rbd_linked_image_spec_list_cleanup',
} as const;
const WATCHERS = { name: 'rbd_watchers_list', width: 3, cleanup: 'rbd_watchers_list_cleanup' } as const;
const ID_BYTES = 256;

/** An image that librbd has open. */
export class NativeImage extends DataImage implements RbdImage {
  async info(): Promise<ImageInfo> {
    return this.with(this.subject('rbd_stat'), async (order) => {
      const stat = new Words(STAT_WORDS);
      const facts = new Words(3);
      const id = Buffer.alloc(ID_BYTES);
      await Promise.all([
        this.calls.check(order, 'rbd_stat', this.image, stat.memory, stat.memory.byteLength),
        this.calls.check(order, 'rbd_get_features', this.image, facts.from(0)),
        this.calls.check(order, 'rbd_get_stripe_unit', this.image, facts.from(1)),
        this.calls.check(order, 'rbd_get_stripe_count', this.image, facts.from(2)),
        this.calls.check(order, 'rbd_get_id', this.image, id, id.length),
      ]);
      return infoOf(stat, facts, id.toString('utf8', 0, id.indexOf(0)));
    });
  }

  async resize(
    sizeBytes: number,
    { allowShrink = false, ...call }: LongCall & { readonly allowShrink?: boolean } = {},
  ): Promise<void> {
    const subject = this.subject('rbd_resize2');
    checkCount(sizeBytes, 'the size', subject);
    this.forgetSize();
    // Without a callback librbd has only the form that shrinks.
    const functions = [allowShrink ? 'rbd_resize' : undefined, 'rbd_resize2'] as const;
    if (allowShrink && call.onProgress === undefined && call.signal === undefined) {
      await this.longCall(subject, 'removal', call, functions, sizeBytes);
    } else {
      await this.longCall(
        subject,
        'removal',
        call,
        [undefined, 'rbd_resize2'],
        sizeBytes,
        allowShrink ? 1 : 0,
      );
    }
    this.forgetSize();
  }

  async *diff(options: DiffOptions = {}): AsyncIterable<DiffExtent> {
    yield* this.differences(options);
  }

  async snapshots(): Promise<readonly SnapshotEntry[]> {
    return this.with(this.subject(SNAPSHOTS.name), async (order) => {
      const entries = await listAll(this.calls, order, SNAPSHOTS, this.image, snapshotAt);
      const found = await Promise.all(entries.map(async (entry) => this.#inNamespace(entry, order)));
      return found.filter((entry) => entry !== undefined);
    });
  }

  async createSnapshot(name: string): Promise<void> {
    await this.#onSnapshot('rbd_snap_create', name);
  }

  async removeSnapshot(name: string): Promise<void> {
    await this.#onSnapshot('rbd_snap_remove', name);
  }

  async removeSnapshotById(id: number): Promise<void> {
    const subject = this.snapshotSubject('rbd_snap_remove_by_id', `#${id}`);
    checkCount(id, 'the id of the snapshot', subject);
    await this.call(subject, 'rbd_snap_remove_by_id', id);
  }

  async renameSnapshot(from: string, to: string): Promise<void> {
    const subject = this.snapshotSubject('rbd_snap_rename', from);
    checkName(from, 'the name of the snapshot', subject);
    checkName(to, 'the new name', subject);
    await this.call(subject, 'rbd_snap_rename', from, to);
  }

  async protectSnapshot(name: string): Promise<void> {
    await this.#onSnapshot('rbd_snap_protect', name);
  }

  async unprotectSnapshot(name: string): Promise<void> {
    await this.#onSnapshot('rbd_snap_unprotect', name);
  }

  async isProtected(snapshot: string): Promise<boolean> {
    const answer = new Words(1);
    await this.#onSnapshot('rbd_snap_is_protected', snapshot, answer.memory);
    return answer.int(0) !== 0;
  }

  async rollback(snapshot: string, call: LongCall = {}): Promise<void> {
    const subject = this.snapshotSubject('rbd_snap_rollback', snapshot);
    checkName(snapshot, 'the name of the snapshot', subject);
    this.forgetSize();
    const functions = ['rbd_snap_rollback', 'rbd_snap_rollback_with_progress'] as const;
    await this.longCall(subject, 'background', call, functions, snapshot);
    this.forgetSize();
  }

  async parent(): Promise<ParentImage | undefined> {
    return this.with(this.subject('rbd_get_parent'), async (order) => {
      const link = new Words(LINK_WORDS);
      const snapshot = new Words(SNAPSHOT_SPEC_WORDS);
      const given = [this.image, link.memory, snapshot.memory];
      const result = await this.calls.run(order, 'rbd_get_parent', ...given);
      if (result === -ENOENT) return undefined;
      if (result < 0) throw nativeError(result, order.subject);
      try {
        const overlap = new Words(1);
        await this.calls.check(order, 'rbd_get_overlap', this.image, overlap.memory);
        return parentOf(link, snapshot, overlap.number(0));
      } finally {
        this.calls.library.callNow('rbd_linked_image_spec_cleanup', link.memory);
        this.calls.library.callNow('rbd_snap_spec_cleanup', snapshot.memory);
      }
    });
  }

  async children(snapshotId: number): Promise<readonly ChildImage[]> {
    const subject = { operation: CHILDREN.name, object: `snapshot ${String(snapshotId)} of ${this.label}` };
    checkCount(snapshotId, 'the id of the snapshot', subject);
    return this.with(subject, async (order) =>
      // What an open image shows is a state of it: another one is opened for this.
      this.withSecond(order, async (image) => {
        await this.calls.check(order, 'rbd_snap_set_by_id', image, snapshotId);
        return listAll(this.calls, order, CHILDREN, image, childAt);
      }),
    );
  }

  async isCloneOfFormat2(): Promise<boolean> {
    return this.with(this.subject('rbd_get_op_features'), async (order) => {
      const answer = new Words(1);
      await this.calls.check(order, 'rbd_get_op_features', this.image, answer.memory);
      return isCloneChild(answer.at(0));
    });
  }

  async flatten(call: LongCall = {}): Promise<void> {
    const functions = ['rbd_flatten', 'rbd_flatten_with_progress'] as const;
    await this.longCall(this.subject('rbd_flatten'), 'background', call, functions);
  }

  async metadata(): Promise<ReadonlyMap<string, string>> {
    return this.with(this.subject('rbd_metadata_list'), async (order) => {
      const found = await texts(this.calls, order, 'rbd_metadata_list', [this.image, '', 0], 2);
      const [keys = [], values = []] = found?.texts ?? [];
      return new Map(keys.map((key, index) => [key, values[index] ?? '']));
    });
  }

  async metadataValue(key: string): Promise<string | undefined> {
    const subject = this.subject('rbd_metadata_get');
    checkName(key, 'the key', subject);
    return this.with(subject, async (order) => {
      const found = await texts(this.calls, order, 'rbd_metadata_get', [this.image, key], 1);
      return found?.texts[0]?.[0];
    });
  }

  async setMetadata(key: string, value: string): Promise<void> {
    const subject = this.subject('rbd_metadata_set');
    checkName(key, 'the key', subject);
    checkText(value, 'the value', subject);
    await this.call(subject, 'rbd_metadata_set', key, value);
  }

  async removeMetadata(key: string): Promise<void> {
    const subject = this.subject('rbd_metadata_remove');
    checkName(key, 'the key', subject);
    await this.with(subject, async (order) => {
      const result = await this.calls.run(order, 'rbd_metadata_remove', this.image, key);
      if (result < 0 && result !== -ENOENT) throw nativeError(result, subject);
    });
  }

  async updateFeatures(features: readonly string[], enabled: boolean): Promise<void> {
    const subject = this.subject('rbd_update_features');
    const bits = featureBits(features, subject);
    await this.call(subject, 'rbd_update_features', bits, enabled ? 1 : 0);
  }

  async watchers(): Promise<readonly Watcher[]> {
    return this.with(this.subject(WATCHERS.name), async (order) =>
      listAll(this.calls, order, WATCHERS, this.image, watcherAt),
    );
  }

  async locks(): Promise<ImageLock | undefined> {
    return this.with(this.subject('rbd_list_lockers'), async (order) => {
      const exclusive = new Words(1);
      const found = await texts(this.calls, order, 'rbd_list_lockers', [this.image, exclusive.memory], 4);
      if (found === undefined || found.result === 0) return undefined;
      const [[tag = ''] = [], clients = [], cookies = [], addresses = []] = found.texts;
      const lockers = clients.map((client, index) => ({
        client,
        cookie: cookies[index] ?? '',
        address: addresses[index] ?? '',
      }));
      return { tag, isExclusive: exclusive.int(0) !== 0, lockers };
    });
  }

  async lockExclusively(cookie: string): Promise<void> {
    await this.#withCookie('rbd_lock_exclusive', cookie);
  }

  async unlock(cookie: string): Promise<void> {
    await this.#withCookie('rbd_unlock', cookie);
  }

  async breakLock(client: string, cookie: string): Promise<void> {
    const subject = this.subject('rbd_break_lock');
    checkName(client, 'the client', subject);
    checkText(cookie, 'the cookie', subject);
    await this.call(subject, 'rbd_break_lock', client, cookie);
  }

  async #onSnapshot(name: RbdFunction, snapshot: string, ...answer: BigUint64Array[]): Promise<void> {
    const subject = this.snapshotSubject(name, snapshot);
    checkName(snapshot, 'the name of the snapshot', subject);
    await this.call(subject, name, snapshot, ...answer);
  }

  async #withCookie(name: RbdFunction, cookie: string): Promise<void> {
    const subject = this.subject(name);
    checkText(cookie, 'the cookie', subject);
    await this.call(subject, name, cookie);
  }

  /** undefined for one that has gone meanwhile. */
  async #inNamespace(
    entry: Omit<SnapshotEntry, 'namespace'>,
    order: CallOrder,
  ): Promise<SnapshotEntry | undefined> {
    const type = new Words(1);
    const given = [this.image, entry.id, type.memory];
    const result = await this.calls.run(order, 'rbd_snap_get_namespace_type', ...given);
    if (result === -ENOENT) return undefined;
    if (result < 0) throw nativeError(result, order.subject);
    return { ...entry, namespace: namespaceOf(type.int(0)) };
  }
}
