import type { DiffExtent, DiffOptions } from '../model/image.js';
import type { LongCall } from '../model/long-call.js';
import { checkCount } from './arguments.js';
import { differences } from './contents/differences.js';
import {
  discardFrom,
  eraseFrom,
  flattenObject,
  partFromParent,
  resizeTo,
  rollBack,
  writeTo,
} from './contents/image-writing.js';
import { readLayer } from './contents/layer.js';
import { ImageHandle } from './image-handle.js';
import { checkRoom } from './room.js';
import { simulatedError, type SimulatedSubject } from './simulated-error.js';
import type { ImageState, SnapshotState } from './state/image-state.js';

/** What is done with the contents of an open image. */
export abstract class DataImage extends ImageHandle {
  protected get seen(): ImageState | SnapshotState {
    return this.view.snapshot ?? this.image;
  }

  async read(offset: number, length: number, into?: Buffer): Promise<Buffer> {
    const subject = this.subject('read');
    checkRange(offset, length, subject);
    if (into !== undefined && (!Buffer.isBuffer(into) || into.length !== length)) {
      throw simulatedError('invalid', subject, `it has to be read into a buffer of ${length} bytes`);
    }
    return this.look(subject, () => {
      this.#checkWithin(offset, length, subject);
      const bytes = into?.fill(0) ?? Buffer.alloc(length);
      readLayer(this.seen, offset, bytes);
      return bytes;
    });
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    const subject = this.subject('write');
    checkRange(offset, data.length, subject);
    const write = (): void => {
      this.#checkWithin(offset, data.length, subject);
      checkRoom(this.image.pool, this.ceph, data.length, subject);
      writeTo(this.image, offset, data);
    };
    await this.change(subject, write, { lock: 'own' });
  }

  async discard(offset: number, length: number): Promise<void> {
    await this.#erase('discard', offset, length, discardFrom);
  }

  async writeZeroes(offset: number, length: number): Promise<void> {
    await this.#erase('writeZeroes', offset, length, eraseFrom);
  }

  async flush(): Promise<void> {
    await this.look(this.subject('flush'), () => undefined);
  }

  async resize(
    sizeBytes: number,
    { allowShrink = false, ...long }: LongCall & { readonly allowShrink?: boolean } = {},
  ): Promise<void> {
    const subject = this.subject('resize');
    checkCount(sizeBytes, 'the size', subject);
    await this.change(
      subject,
      async (progress) => {
        await progress.step(0, 1);
        if (sizeBytes < this.image.sizeBytes && !allowShrink) {
          throw simulatedError(
            'invalid',
            subject,
            `it has ${this.image.sizeBytes} bytes: that would shrink it`,
          );
        }
        resizeTo(this.image, sizeBytes);
      },
      { long: allowShrink ? long : { ...long, isBrief: true } },
    );
  }

  async *diff(options: DiffOptions = {}): AsyncIterable<DiffExtent> {
    const subject = this.subject('diff');
    const { since, offset = 0, length, includeParent = false, wholeObject = false } = options;
    checkCount(offset, 'the offset', subject);
    if (length !== undefined) checkCount(length, 'the length', subject);
    yield* await this.look(subject, () => {
      const { image, seen: until } = this;
      const range = { start: offset, end: length === undefined ? until.sizeBytes : offset + length };
      if (offset > until.sizeBytes) throw simulatedError('invalid', subject, 'that is beyond the end');
      const from = since === undefined ? undefined : this.#earlier(since, subject);
      return differences({ image, since: from, until, range, includeParent, wholeObject });
    });
  }

  async rollback(name: string, long: LongCall = {}): Promise<void> {
    const subject = this.subject('rollback', name);
    await this.change(
      subject,
      async (progress) => {
        const snapshot = this.snapshotOf(name, subject);
        await progress.step(0, 1);
        rollBack(this.image, snapshot);
      },
      { long },
    );
  }

  async flatten(long: LongCall = {}): Promise<void> {
    const subject = this.subject('flatten');
    await this.change(
      subject,
      async (progress) => {
        if (this.image.parent === undefined) throw simulatedError('invalid', subject, 'it has no parent');
        const count = Math.ceil(this.image.sizeBytes / 2 ** this.image.order);
        for (let object = 0; object < count; object += 1) {
          flattenObject(this.image, object);
          await progress.step(object + 1, count);
        }
        partFromParent(this.image);
      },
      { long },
    );
  }

  async #erase(operation: string, offset: number, length: number, work: typeof eraseFrom): Promise<void> {
    const subject = this.subject(operation);
    checkRange(offset, length, subject);
    const erase = (): void => {
      this.#checkWithin(offset, length, subject);
      work(this.image, offset, length);
    };
    await this.change(subject, erase, { lock: 'own' });
  }

  #earlier(name: string, subject: SimulatedSubject): SnapshotState {
    const snapshot = this.snapshotOf(name, subject);
    const { seen } = this;
    if ('id' in seen && typeof seen.id === 'number' && seen.id < snapshot.id) {
      throw simulatedError('invalid', subject, `${name} is later than what is open`);
    }
    return snapshot;
  }

  #checkWithin(offset: number, length: number, subject: SimulatedSubject): void {
    if (offset + length <= this.seen.sizeBytes) return;
    throw simulatedError('invalid', subject, `${length} bytes from ${offset} on end beyond the image`);
  }
}

function checkRange(offset: number, length: number, subject: SimulatedSubject): void {
  checkCount(offset, 'the offset', subject);
  checkCount(length, 'the length', subject);
}
