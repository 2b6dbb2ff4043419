import type { LongCall } from '../model/long-call.js';
import { type Connection, SimulatedHandle } from './handle.js';
import type { Progress } from './process.js';
import type { SimulatedCeph } from './simulated-ceph.js';
import { simulatedError, type SimulatedSubject } from './simulated-error.js';
import { userSnapshot } from './new-image.js';
import type { ImageState, SnapshotState } from './state/image-state.js';

/** How an image was opened. */
export interface ImageView {
  /** '' where it was opened by its id. */
  readonly name: string;
  /** What is seen instead of the image itself. */
  readonly snapshot: SnapshotState | undefined;
  readonly isReadOnly: boolean;
}

/** An open image: a watcher of it where it is open for writing. */
export abstract class ImageHandle extends SimulatedHandle {
  readonly #cookie: bigint;
  #forget: (() => void) | undefined;

  constructor(
    protected readonly image: ImageState,
    protected readonly view: ImageView,
    protected readonly ceph: SimulatedCeph,
    connection: Connection,
    owner: SimulatedHandle,
  ) {
    super(connection, owner);
    this.#cookie = BigInt(ceph.nextNumber());
    if (view.isReadOnly) return;
    const { address, clientName } = connection.process;
    const id = Number(clientName.replace('client.', ''));
    image.watchers.set(this.#cookie, { address, id, cookie: this.#cookie });
    this.#forget = connection.process.onDeath(() => this.release());
  }

  get name(): string {
    return this.view.name;
  }

  protected override release(): void {
    this.#forget?.();
    this.image.watchers.delete(this.#cookie);
    if (this.image.lockOwner === this.#cookie) this.image.lockOwner = undefined;
  }

  protected subject(operation: string, snapshot?: string): SimulatedSubject {
    const at = snapshot === undefined ? '' : `@${snapshot}`;
    return { operation, object: `image ${this.image.pool.name}/${this.image.name}${at}` };
  }

  protected async look<T>(subject: SimulatedSubject, work: () => T): Promise<T> {
    return this.call(subject, false, work);
  }

  /** A call that changes the image. librbd takes its lock first, where the image has that feature. */
  protected async change(
    subject: SimulatedSubject,
    work: (progress: Progress) => void | Promise<void>,
    { lock = 'any', long }: { readonly lock?: 'own' | 'any' | 'none'; readonly long?: LongCall } = {},
  ): Promise<void> {
    const allowed = (progress: Progress): void | Promise<void> => {
      if (this.view.isReadOnly) throw simulatedError('read-only', subject, 'it was opened for reading only');
      this.#takeLock(lock);
      return work(progress);
    };
    await this.call(subject, true, allowed, long);
  }

  /** @throws RbdError `not-found` */
  protected snapshotOf(name: string, subject: SimulatedSubject): SnapshotState {
    const snapshot = userSnapshot(this.image, name);
    if (snapshot === undefined) throw simulatedError('not-found', subject, 'there is no such snapshot');
    return snapshot;
  }

  #takeLock(lock: 'own' | 'any' | 'none'): void {
    if (lock === 'none' || !this.image.features.has('exclusive-lock')) return;
    const isHeld = this.image.lockOwner !== undefined;
    if (!isHeld || lock === 'own') this.image.lockOwner = this.#cookie;
  }
}
