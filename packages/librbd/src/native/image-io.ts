import { closeSync, readSync } from 'node:fs';
import koffi, { type node } from 'koffi';
import type { Attempt } from './attempt.js';
import { type CallSubject, nativeError } from './errno.js';
import type { RbdFunction } from './functions.js';
import type { NativeLibrary } from './native-library.js';
import { Words } from './words.js';

const NON_BLOCKING_CLOSE_ON_EXEC = 0o4000 | 0o2000000;
/** EVENT_TYPE_EVENTFD. */
const BY_EVENTFD = 2;
const AT_ONCE = 64;

type AioFunction = Extract<RbdFunction, `rbd_aio_${'read' | 'write' | 'discard' | 'write_zeroes' | 'flush'}`>;

/** Those with something under way: its memory has to stay, even where nobody else knows of the image any more. */
const busy = new Set<ImageIo>();

interface Pending {
  readonly done: (result: number) => void;
  /** Read or filled by librbd until it is done. */
  readonly data: Uint8Array | undefined;
}

/**
 * Block I/O of an open image, without threads: librbd is told what to do, and says by an event descriptor, which the
 * event loop watches, that something is done.
 */
export class ImageIo {
  readonly #pending = new Map<bigint, Pending>();
  readonly #done = new Words(AT_ONCE);
  readonly #made = new Words(1);
  #events: { readonly descriptor: number; readonly poll: node.PollHandle } | undefined;

  constructor(
    private readonly library: NativeLibrary,
    private readonly image: bigint,
  ) {}

  /**
   * @param before the arguments between the image and the completion
   * @param after those that follow the completion
   * @returns what it came to: bytes, or an error number below 0
   */
  async run(
    name: AioFunction,
    before: readonly (number | Uint8Array)[],
    after: readonly number[],
    { attempt, subject }: { readonly attempt: Attempt; readonly subject: CallSubject },
  ): Promise<number> {
    this.#events ??= this.#listen(subject);
    attempt.begin();
    return new Promise((resolve, reject) => {
      const created = this.library.callNow('rbd_aio_create_completion', null, null, this.#made.memory);
      if (created < 0) {
        reject(nativeError(created, subject));
        return;
      }
      const completion = this.#made.at(0);
      this.#hold(completion, { done: resolve, data: before.find((given) => given instanceof Uint8Array) });
      const started = this.library.callNow(name, this.image, ...before, completion, ...after);
      if (started < 0) this.#finish(completion, started);
    });
  }

  /**
   * Nothing is under way any more, and the image is about to be closed. librbd may still say that something is done
   * which was taken together with what it said before: nobody must ask an image that is closed what that is.
   */
  end(): void {
    this.#events?.poll.close();
  }

  /** The image is closed: librbd says nothing any more. */
  close(): void {
    if (this.#events !== undefined) closeSync(this.#events.descriptor);
    this.#events = undefined;
  }

  #listen(subject: CallSubject): { descriptor: number; poll: node.PollHandle } {
    const descriptor = this.library.callNow('eventfd', 0, NON_BLOCKING_CLOSE_ON_EXEC);
    if (descriptor < 0) throw nativeError(koffi.errno(), subject);
    const result = this.library.callNow('rbd_set_image_notification', this.image, descriptor, BY_EVENTFD);
    if (result < 0) {
      closeSync(descriptor);
      throw nativeError(result, subject);
    }
    const poll = koffi.node.poll(descriptor, { readable: true }, () => this.#takeDone(descriptor));
    poll.unref();
    return { descriptor, poll };
  }

  /** The program goes on as long as something is under way. */
  #hold(completion: bigint, pending: Pending): void {
    if (this.#pending.size === 0) {
      busy.add(this);
      this.#events?.poll.ref();
    }
    this.#pending.set(completion, pending);
  }

  #takeDone(descriptor: number): void {
    emptied(descriptor);
    for (;;) {
      const count = this.library.callNow('rbd_poll_io_events', this.image, this.#done.memory, AT_ONCE);
      for (let index = 0; index < count; index += 1) this.#take(this.#done.at(index));
      if (count < AT_ONCE) return;
    }
  }

  #take(completion: bigint): void {
    this.#finish(completion, this.library.callNow('rbd_aio_get_return_value', completion));
  }

  #finish(completion: bigint, result: number): void {
    this.library.callNow('rbd_aio_release', completion);
    const pending = this.#pending.get(completion);
    this.#pending.delete(completion);
    if (this.#pending.size === 0) {
      busy.delete(this);
      this.#events?.poll.unref();
    }
    pending?.done(result);
  }
}

/** So that the descriptor says something again only when there is something new. */
function emptied(descriptor: number): void {
  try {
    readSync(descriptor, Buffer.alloc(8));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
  }
}
