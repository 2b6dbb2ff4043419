import type { RadosFunction, RbdFunction } from './functions.js';
import { checkName, shown } from './arguments.js';
import type { CallSubject } from './errno.js';
import { type HandleContext, NativeHandle } from './handle.js';
import type { CallOrder } from './native-calls.js';
import type { Argument } from './native-library.js';
import { ObjectKeys } from './object-keys.js';

/** A pool as librados opens it (an I/O context), and its objects. */
export abstract class ObjectPool extends NativeHandle {
  protected constructor(
    protected readonly io: bigint,
    readonly name: string,
    context: HandleContext,
  ) {
    super(context);
  }

  async keys(object: string): Promise<ReadonlyMap<string, Buffer>> {
    return this.#withKeys('rados_read_op_operate', object, [], async (keys, order) => keys.read(order));
  }

  async setKeys(object: string, values: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const names = [...values.keys()];
    await this.#withKeys('rados_write_op_operate', object, names, async (keys, order) =>
      keys.set(values, order),
    );
  }

  async removeKeys(object: string, names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    await this.#withKeys('rados_write_op_operate', object, names, async (keys, order) =>
      keys.remove(names, order),
    );
  }

  async removeObject(object: string): Promise<void> {
    const subject = this.#object('rados_remove', object);
    checkName(object, 'the name', subject);
    await this.simply(subject, 'rados_remove', object);
  }

  protected override async release(): Promise<void> {
    await this.calls.library.call('rados_ioctx_destroy', this.io);
  }

  /** One function that takes the pool first. @throws RbdError where it returned an error */
  protected async simply(
    subject: CallSubject,
    name: RbdFunction | RadosFunction,
    ...args: Argument[]
  ): Promise<void> {
    await this.using(subject, async (attempt) => {
      await this.calls.check({ attempt, subject }, name, this.io, ...args);
    });
  }

  async #withKeys<T>(
    operation: string,
    object: string,
    names: readonly string[],
    work: (keys: ObjectKeys, order: CallOrder) => Promise<T>,
  ): Promise<T> {
    const subject = this.#object(operation, object);
    checkName(object, 'the name', subject);
    for (const name of names) checkName(name, 'the key', subject);
    const keys = new ObjectKeys(this.calls, this.io, object);
    return this.using(subject, async (attempt) => work(keys, { attempt, subject }));
  }

  #object(operation: string, name: unknown): CallSubject {
    return { operation, object: `object ${this.name}/${shown(name)}` };
  }
}
