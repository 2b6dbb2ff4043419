import type { LongCall } from '../model/long-call.js';
import type { RbdError } from '../errors.js';
import { Attempt } from './attempt.js';
import { type CallSubject, EROFS, nativeError, rbdError } from './errno.js';
import type { RbdFunction } from './functions.js';
import { type HandleContext, NativeHandle } from './handle.js';
import { ImageIo } from './image-io.js';
import { followed } from './long-work.js';
import { throughGate } from './image-gate.js';
import { closeImage } from './close-image.js';
import type { CallOrder } from './native-calls.js';
import type { Argument, NativeCallback } from './native-library.js';
import type { LaneName } from './thread-lanes.js';

/** How an image was opened. */
export interface ImageOrigin {
  /** The I/O context of its pool. */
  readonly pool: bigint;
  readonly name: string;
  readonly isWritable: boolean;
}

/** How calls of an open image are made. */
export abstract class OpenImage extends NativeHandle {
  protected readonly io: ImageIo;
  protected readonly pool: bigint;
  readonly #isWritable: boolean;

  protected constructor(
    protected readonly image: bigint,
    { pool, isWritable }: Omit<ImageOrigin, 'name'>,
    context: HandleContext,
  ) {
    super(context);
    this.pool = pool;
    this.#isWritable = isWritable;
    this.io = new ImageIo(context.calls.library, image);
  }

  protected subject(operation: string): CallSubject {
    return { operation, object: this.label };
  }

  /** A call that is about one of its snapshots. */
  protected snapshotSubject(operation: string, snapshot: unknown): CallSubject {
    return { operation, object: `${this.label}@${String(snapshot).replaceAll('\0', '\\0')}` };
  }

  /**
   * The error for a number that librbd gave. Of an image that was opened for writing it says "read-only" where it could
   * not get the lock of the one who writes.
   */
  protected failure(result: number, subject: CallSubject): RbdError {
    if (result !== -EROFS || !this.#isWritable) return nativeError(result, subject);
    const text = 'the lock of the one who writes is not to be had: another client has it, or nobody answers';
    return rbdError('busy', subject, text, { errno: EROFS });
  }

  protected async with<T>(subject: CallSubject, work: (order: CallOrder) => Promise<T>): Promise<T> {
    return this.using(subject, async (attempt) => work({ attempt, subject }));
  }

  /** One function of librbd, on the image. */
  protected async call(subject: CallSubject, name: RbdFunction, ...args: Argument[]): Promise<void> {
    await this.with(subject, async (order) => {
      const change = async (): Promise<number> => this.calls.run(order, name, this.image, ...args);
      const result = await throughGate(this.label, 'change', change, order.attempt);
      if (result < 0) throw this.failure(result, subject);
    });
  }

  /**
   * One that takes as long as it takes.
   * @param plain the function that says nothing of its progress, with its arguments
   * @param telling the one that does
   */
  protected async longCall(
    subject: CallSubject,
    lane: LaneName,
    long: LongCall,
    [plain, telling]: readonly [RbdFunction | undefined, RbdFunction],
    ...args: Argument[]
  ): Promise<void> {
    const told = plain === undefined ? { onProgress: () => undefined, ...long } : long;
    await this.using(
      subject,
      async (attempt) => {
        const order = { attempt, subject, lane };
        const run = async (callback: NativeCallback | undefined): Promise<number> =>
          callback === undefined
            ? this.calls.run(order, plain ?? telling, this.image, ...args)
            : this.calls.run(order, telling, this.image, ...args, callback.address, null);
        const work = async (): Promise<number> => followed(this.calls.library, told, order, run);
        // What takes hours must not keep others from closing.
        const result = await (lane === 'background'
          ? work()
          : throughGate(this.label, 'change', work, attempt));
        if (result < 0) throw this.failure(result, subject);
      },
      this.patienceFor(told),
    );
  }

  protected override async release(): Promise<void> {
    this.io.end();
    const attempt = new Attempt();
    const close = async (): Promise<number> => {
      const closed = closeImage(this.calls.library, this.pool, this.image);
      return attempt.timed(closed, this.limitMs, this.subject('rbd_close'));
    };
    await (this.#isWritable ? throughGate(this.label, 'alone', close, attempt) : close());
    this.io.close();
  }
}
