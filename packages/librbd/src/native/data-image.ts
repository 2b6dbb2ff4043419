import { types } from 'node:util';
import type { DiffExtent, DiffOptions } from '../model/image.js';
import { checkCount, checkName, checkTransfer } from './arguments.js';
import { closeImage } from './close-image.js';
import { merged } from './diff.js';
import { type CallSubject, rbdError } from './errno.js';
import type { HandleContext } from './handle.js';
import type { CallOrder } from './native-calls.js';
import { type ImageOrigin, OpenImage } from './open-image.js';
import { readParts } from './read-parts.js';
import { Words } from './words.js';

/** A diff is asked for in parts, so that it can be stopped, and does not fill the memory. */
const DIFF_PART = 4 * 2 ** 30;
/** A cluster that answers clears so much within the time limit. */
const CLEARING_PART = 2 ** 30;

/** The bytes of an open image. */
export abstract class DataImage extends OpenImage {
  #sizeBytes: number | undefined;

  readonly name: string;

  constructor(image: bigint, origin: ImageOrigin, context: HandleContext) {
    super(image, origin, context);
    this.name = origin.name;
  }

  async read(offset: number, length: number, into?: Buffer): Promise<Buffer> {
    const subject = this.subject('rbd_aio_read');
    checkCount(offset, 'the offset', subject);
    checkTransfer(length, subject);
    if (into !== undefined) checkInto(into, length, subject);
    return this.with(subject, async (order) => {
      await this.#checkWithin(offset, length, order);
      const data = into ?? Buffer.allocUnsafeSlow(length);
      await this.#readInto(data, offset, order);
      return data;
    });
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    const subject = this.subject('rbd_aio_write');
    checkCount(offset, 'the offset', subject);
    if (!types.isUint8Array(data)) throw rbdError('invalid', subject, 'the data have to be bytes');
    checkTransfer(data.length, subject);
    await this.with(subject, async (order) => {
      await this.#checkWithin(offset, data.length, order);
      if (data.length === 0) return;
      const bytes = staying(data);
      const result = await this.io.run('rbd_aio_write', [offset, bytes.length, bytes], [], order);
      if (result < 0) throw this.failure(result, subject);
    });
  }

  async discard(offset: number, length: number): Promise<void> {
    await this.#clear('rbd_aio_discard', offset, length, []);
  }

  async writeZeroes(offset: number, length: number): Promise<void> {
    await this.#clear('rbd_aio_write_zeroes', offset, length, [0, 0]);
  }

  async flush(): Promise<void> {
    await this.with(this.subject('rbd_aio_flush'), async (order) => {
      const result = await this.io.run('rbd_aio_flush', [], [], order);
      if (result < 0) throw this.failure(result, order.subject);
    });
  }

  /** Another size is asked for. */
  protected forgetSize(): void {
    this.#sizeBytes = undefined;
  }

  protected async *differences(options: DiffOptions): AsyncGenerator<DiffExtent> {
    const { since, offset = 0, length } = options;
    const subject = this.subject('rbd_diff_iterate2');
    checkCount(offset, 'the offset', subject);
    if (length !== undefined) checkCount(length, 'the length', subject);
    if (since !== undefined) checkName(since, 'the snapshot', subject);
    const size = await this.with(subject, async (order) => this.#size(order));
    const end = Math.min(size, offset + (length ?? size));
    let last: DiffExtent | undefined;
    for (let at = offset; at < end; at += DIFF_PART) {
      const part = await this.#differencesOf(options, at, Math.min(DIFF_PART, end - at), subject);
      const found = merged(last === undefined ? part : [last, ...part]);
      last = found.pop();
      yield* found;
    }
    if (last !== undefined) yield last;
  }

  /** Opens the image once more, to read, for as long as the work takes. */
  protected async withSecond<T>(order: CallOrder, work: (image: bigint) => Promise<T>): Promise<T> {
    const id = Buffer.alloc(256);
    await this.calls.check(order, 'rbd_get_id', this.image, id, id.length);
    const made = new Words(1);
    const text = id.toString('utf8', 0, id.indexOf(0));
    await this.calls.check(order, 'rbd_open_by_id_read_only', this.pool, text, made.memory, null);
    try {
      return await work(made.at(0));
    } finally {
      await closeImage(this.calls.library, this.pool, made.at(0));
    }
  }

  async #differencesOf(
    { since, includeParent = false, wholeObject = false }: DiffOptions,
    offset: number,
    length: number,
    subject: CallSubject,
  ): Promise<DiffExtent[]> {
    return this.with(subject, async (order) => {
      const found: DiffExtent[] = [];
      using callback = this.calls.library.onExtent((at, bytes, exists) => {
        found.push({ offset: at, length: bytes, exists });
      });
      const how = [includeParent ? 1 : 0, wholeObject ? 1 : 0] as const;
      const given = [since ?? null, offset, length, ...how, callback.address, null] as const;
      await this.calls.check(order, 'rbd_diff_iterate2', this.image, ...given);
      return found;
    });
  }

  async #readInto(data: Buffer, offset: number, order: CallOrder): Promise<void> {
    const parts = readParts(offset, data.length).map(async (part) => {
      const into = data.subarray(part.from, part.from + part.length);
      const call = this.io.run('rbd_aio_read', [part.offset, part.length, into], [], order);
      const result = await order.attempt.during(call);
      if (result < 0) throw this.failure(result, order.subject);
      if (result < part.length) throw beyond(order.subject, offset, data.length); // it was made smaller meanwhile
    });
    await Promise.all(parts);
  }

  async #clear(
    name: 'rbd_aio_discard' | 'rbd_aio_write_zeroes',
    offset: number,
    length: number,
    flags: readonly number[],
  ): Promise<void> {
    const subject = this.subject(name);
    checkCount(offset, 'the offset', subject);
    checkCount(length, 'the length', subject);
    await this.with(subject, async (order) => this.#checkWithin(offset, length, order));
    for (let at = offset; at < offset + length; at += CLEARING_PART) {
      const bytes = Math.min(CLEARING_PART, offset + length - at);
      await this.with(subject, async (order) => {
        const result = await this.io.run(name, [at, bytes], flags, order);
        if (result < 0) throw this.failure(result, subject);
      });
    }
  }

  /** librbd itself cuts off what is beyond the end, and says nothing of it. */
  async #checkWithin(offset: number, length: number, order: CallOrder): Promise<void> {
    const end = offset + length;
    if (this.#sizeBytes !== undefined && end <= this.#sizeBytes) return;
    if (end > (await this.#size(order))) throw beyond(order.subject, offset, length);
  }

  async #size(order: CallOrder): Promise<number> {
    const size = new Words(1);
    await this.calls.check(order, 'rbd_get_size', this.image, size.memory);
    this.#sizeBytes = size.number(0);
    return this.#sizeBytes;
  }
}

function beyond(subject: CallSubject, offset: number, length: number): Error {
  return rbdError(
    'invalid',
    subject,
    `${String(length)} bytes from ${String(offset)} on end beyond the image`,
  );
}

/** Memory that librbd fills has to stay as it is. */
function checkInto(into: unknown, length: number, subject: CallSubject): void {
  if (Buffer.isBuffer(into) && into.length === length && staying(into) === into) return;
  throw rbdError('invalid', subject, `it has to be read into a buffer of ${String(length)} bytes`);
}

/** Memory that can shrink or be shared is not for librbd, which reads it until it is done. */
function staying(data: Uint8Array): Uint8Array {
  const { buffer } = data as { buffer: ArrayBufferLike & { readonly resizable?: boolean } };
  return types.isArrayBuffer(buffer) && buffer.resizable !== true ? data : Buffer.from(data);
}
