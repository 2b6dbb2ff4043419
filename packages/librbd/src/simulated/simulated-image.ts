import type {
  ChildImage,
  ImageInfo,
  ImageLock,
  ParentImage,
  RbdImage,
  SnapshotEntry,
  Watcher,
} from '../model/image.js';
import { checkCount, checkName, checkText } from './arguments.js';
import { DataImage } from './data-image.js';
import { featuresAfter } from './features.js';
import { checkMetadata } from './image-settings.js';
import { childImage, infoOf, parentImage } from './image-views.js';
import { breakLock, lockFor, locksOf, unlock } from './locks.js';
import { userSnapshot } from './new-image.js';
import type { Progress } from './process.js';
import { simulatedError, type SimulatedSubject } from './simulated-error.js';
import { SnapshotState } from './state/image-state.js';
import {
  dropSnapshot,
  forgetParentOfTrashed,
  hasChildrenOfFormat1,
  isCloneOfFormat2,
  moveSnapshotToTrash,
} from './state/lineage.js';

export class SimulatedImage extends DataImage implements RbdImage {
  async info(): Promise<ImageInfo> {
    return this.look(this.subject('info'), () => infoOf(this.image, this.seen.sizeBytes));
  }

  async snapshots(): Promise<readonly SnapshotEntry[]> {
    return this.look(this.subject('snapshots'), () =>
      this.image.snapshots.map(({ id, name, sizeBytes, namespace }) => ({ id, name, sizeBytes, namespace })),
    );
  }

  async createSnapshot(name: string): Promise<void> {
    const subject = this.subject('createSnapshot', name);
    await this.#onSnapshot(subject, name, () => {
      this.#checkFree(name, subject);
      const snapshot = new SnapshotState(this.ceph.nextNumber(), name, this.image.order);
      snapshot.sizeBytes = this.image.sizeBytes;
      snapshot.objects = new Map(this.image.objects);
      snapshot.changes = this.image.changes;
      snapshot.parent = this.image.parent;
      this.image.changes = new Map();
      this.image.snapshots.push(snapshot);
    });
  }

  async removeSnapshot(name: string): Promise<void> {
    const subject = this.subject('removeSnapshot', name);
    await this.#onSnapshot(subject, name, (progress) =>
      this.#removeSnapshot(this.snapshotOf(name, subject), subject, progress),
    );
  }

  async removeSnapshotById(id: number): Promise<void> {
    const subject = this.subject('removeSnapshotById', `#${String(id)}`);
    checkCount(id, 'the id of the snapshot', subject);
    await this.change(subject, (progress) => {
      const snapshot = this.image.snapshots.find((each) => each.id === id);
      if (snapshot === undefined) throw simulatedError('not-found', subject, 'there is no such snapshot');
      return this.#removeSnapshot(snapshot, subject, progress);
    });
  }

  async renameSnapshot(from: string, to: string): Promise<void> {
    const subject = this.subject('renameSnapshot', from);
    checkName(to, 'the new name', subject);
    await this.#onSnapshot(subject, from, () => {
      const snapshot = this.snapshotOf(from, subject);
      this.#checkFree(to, subject);
      snapshot.name = to;
    });
  }

  async protectSnapshot(name: string): Promise<void> {
    const subject = this.subject('protectSnapshot', name);
    await this.#onSnapshot(subject, name, () => {
      const snapshot = this.snapshotOf(name, subject);
      if (snapshot.isProtected) throw simulatedError('busy', subject, 'it is protected already');
      snapshot.isProtected = true;
    });
  }

  async unprotectSnapshot(name: string): Promise<void> {
    const subject = this.subject('unprotectSnapshot', name);
    await this.#onSnapshot(subject, name, () => {
      const snapshot = this.snapshotOf(name, subject);
      if (!snapshot.isProtected) throw simulatedError('invalid', subject, 'it is not protected');
      if (hasChildrenOfFormat1(snapshot)) throw simulatedError('busy', subject, 'it has children');
      snapshot.isProtected = false;
    });
  }

  async isProtected(name: string): Promise<boolean> {
    const subject = this.subject('isProtected', name);
    checkName(name, 'the name of the snapshot', subject);
    return this.look(subject, () => this.snapshotOf(name, subject).isProtected);
  }

  async parent(): Promise<ParentImage | undefined> {
    return this.look(this.subject('parent'), () => {
      const { parent } = this.seen;
      return parent === undefined || parent.overlapBytes === 0 ? undefined : parentImage(parent);
    });
  }

  async children(snapshotId: number): Promise<readonly ChildImage[]> {
    const subject = this.subject('children', `#${String(snapshotId)}`);
    checkCount(snapshotId, 'the id of the snapshot', subject);
    return this.look(subject, () => {
      const snapshot = this.image.snapshots.find(({ id }) => id === snapshotId);
      if (snapshot === undefined) throw simulatedError('not-found', subject, 'there is no such snapshot');
      return [...snapshot.children].map(childImage);
    });
  }

  async isCloneOfFormat2(): Promise<boolean> {
    return this.look(this.subject('isCloneOfFormat2'), () => isCloneOfFormat2(this.image));
  }

  async metadata(): Promise<ReadonlyMap<string, string>> {
    return this.look(this.subject('metadata'), () => new Map([...this.image.metadata].sort()));
  }

  async metadataValue(key: string): Promise<string | undefined> {
    const subject = this.subject('metadataValue');
    checkName(key, 'the key', subject);
    return this.look(subject, () => this.image.metadata.get(key));
  }

  async setMetadata(key: string, value: string): Promise<void> {
    const subject = this.subject('setMetadata');
    checkName(key, 'the key', subject);
    checkText(value, 'the value', subject);
    await this.change(subject, () => {
      checkMetadata(key, value, subject);
      this.image.metadata.set(key, value);
    });
  }

  async removeMetadata(key: string): Promise<void> {
    const subject = this.subject('removeMetadata');
    checkName(key, 'the key', subject);
    await this.change(subject, () => {
      this.image.metadata.delete(key);
    });
  }

  async updateFeatures(features: readonly string[], enabled: boolean): Promise<void> {
    const subject = this.subject('updateFeatures');
    await this.change(subject, () => {
      this.image.features = featuresAfter(this.image.features, features, enabled, subject);
      if (!this.image.features.has('exclusive-lock')) this.image.lockOwner = undefined;
    });
  }

  async watchers(): Promise<readonly Watcher[]> {
    return this.look(this.subject('watchers'), () => [...this.image.watchers.values()]);
  }

  async locks(): Promise<ImageLock | undefined> {
    return this.look(this.subject('locks'), () => locksOf(this.image));
  }

  async lockExclusively(cookie: string): Promise<void> {
    const subject = this.subject('lockExclusively');
    checkText(cookie, 'the cookie', subject);
    const lock = (): void => lockFor(this.image, this.connection.process, cookie, subject);
    await this.change(subject, lock, { lock: 'none' });
  }

  async unlock(cookie: string): Promise<void> {
    const subject = this.subject('unlock');
    checkText(cookie, 'the cookie', subject);
    const { clientName } = this.connection.process;
    await this.change(subject, () => unlock(this.image, clientName, cookie, subject), { lock: 'none' });
  }

  async breakLock(client: string, cookie: string): Promise<void> {
    const subject = this.subject('breakLock');
    checkName(client, 'the client', subject);
    checkText(cookie, 'the cookie', subject);
    const work = (): void => breakLock(this.image, this.ceph, [client, cookie], subject);
    await this.change(subject, work, { lock: 'none' });
  }

  /** By way of the trash, where it stays as long as it has children, and for good where the removal is cut off. */
  async #removeSnapshot(
    snapshot: SnapshotState,
    subject: SimulatedSubject,
    progress: Progress,
  ): Promise<void> {
    if (snapshot.isProtected) throw simulatedError('busy', subject, 'it is protected');
    if (snapshot.namespace === 'trash' && snapshot.children.size > 0) {
      throw simulatedError('busy', subject, 'it has children');
    }
    if (snapshot.namespace !== 'trash') moveSnapshotToTrash(snapshot);
    await progress.step(0, 1);
    forgetParentOfTrashed(this.image, snapshot);
    if (snapshot.children.size === 0) dropSnapshot(this.image, snapshot);
  }

  async #onSnapshot(
    subject: SimulatedSubject,
    name: string,
    work: (progress: Progress) => void | Promise<void>,
  ): Promise<void> {
    checkName(name, 'the name of the snapshot', subject);
    await this.change(subject, work);
  }

  #checkFree(name: string, subject: SimulatedSubject): void {
    if (userSnapshot(this.image, name) === undefined) return;
    throw simulatedError('exists', subject, `it has a snapshot ${name}`);
  }
}
