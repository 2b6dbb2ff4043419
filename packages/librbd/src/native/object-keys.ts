import { ENOENT, nativeError, rbdError } from './errno.js';
import type { CallOrder, NativeCalls } from './native-calls.js';
import type { NativeLibrary } from './native-library.js';
import { Words } from './words.js';

const PAGE = 1024n;
/** LIBRADOS_CREATE_IDEMPOTENT. */
const CREATE_IF_MISSING = 0;

/** Keys and values of one RADOS object (its omap). */
export class ObjectKeys {
  constructor(
    private readonly calls: NativeCalls,
    private readonly pool: bigint,
    private readonly object: string,
  ) {}

  /** All of them; none where there is no such object. */
  async read(order: CallOrder): Promise<Map<string, Buffer>> {
    const all = new Map<string, Buffer>();
    for (let last = ''; ;) {
      const page = await this.#readPage(last, order);
      for (const [key, value] of page.entries) all.set(key, value);
      const next = page.entries.at(-1)?.[0];
      if (!page.hasMore || next === undefined) return all;
      if (next <= last && last !== '') throw rbdError('failed', order.subject, 'a key of it cannot be read');
      last = next;
    }
  }

  async set(values: ReadonlyMap<string, Uint8Array>, order: CallOrder): Promise<void> {
    const keys = this.#packed([...values.keys()].map((key) => Buffer.from(key)));
    const data = this.#packed([...values.values()].map((value) => Buffer.from(value)));
    const result = await this.#write(order, (library, operation) => {
      library.callNow('rados_write_op_create', operation, CREATE_IF_MISSING, null);
      if (values.size === 0) return;
      const pointers = [keys.pointers, data.pointers, keys.lengths, data.lengths];
      library.callNow('rados_write_op_omap_set2', operation, ...pointers, values.size);
    });
    if (result < 0) throw nativeError(result, order.subject);
  }

  async remove(names: readonly string[], order: CallOrder): Promise<void> {
    const keys = this.#packed(names.map((name) => Buffer.from(name)));
    const result = await this.#write(order, (library, operation) =>
      library.callNow('rados_write_op_omap_rm_keys2', operation, keys.pointers, keys.lengths, names.length),
    );
    if (result < 0 && result !== -ENOENT) throw nativeError(result, order.subject);
  }

  /** One operation that is done as a whole; what it is made of is copied when it is put together. */
  async #write(
    order: CallOrder,
    compose: (library: NativeLibrary, operation: bigint) => void,
  ): Promise<number> {
    const { library } = this.calls;
    const operation = library.addressNow('rados_create_write_op');
    try {
      compose(library, operation);
      const given = [operation, this.pool, this.object, null, 0] as const;
      return await this.calls.run(order, 'rados_write_op_operate2', ...given);
    } finally {
      library.callNow('rados_release_write_op', operation);
    }
  }

  async #readPage(
    after: string,
    order: CallOrder,
  ): Promise<{ entries: [key: string, value: Buffer][]; hasMore: boolean }> {
    const { library } = this.calls;
    const answer = new Words(3);
    const operation = library.addressNow('rados_create_read_op');
    try {
      const places = [answer.from(0), answer.from(1), answer.from(2)];
      library.callNow('rados_read_op_omap_get_vals2', operation, after, '', PAGE, ...places);
      const given = [operation, this.pool, this.object, 0] as const;
      const result = await this.calls.run(order, 'rados_read_op_operate', ...given);
      if (result === -ENOENT) return { entries: [], hasMore: false };
      const failed = result < 0 ? result : answer.int(2);
      if (failed < 0) throw nativeError(failed, order.subject);
      return { entries: this.#entries(answer.at(0)), hasMore: answer.flag(1) };
    } finally {
      // With the answer's memory, which librados fills until it is done.
      library.callNow('rados_release_read_op', operation);
      if (answer.at(0) !== 0n) library.callNow('rados_omap_get_end', answer.at(0));
    }
  }

  #entries(iterator: bigint): [key: string, value: Buffer][] {
    const { library } = this.calls;
    const found: [string, Buffer][] = [];
    const next = new Words(4);
    for (;;) {
      const places = [0, 1, 2, 3].map((index) => next.from(index));
      const result = library.callNow('rados_omap_get_next2', iterator, ...places);
      if (result < 0 || next.at(0) === 0n) return found;
      const key = library.copyOf(next.at(0), next.number(2)).toString('utf8');
      found.push([key, library.copyOf(next.at(1), next.number(3))]);
    }
  }

  /** As C takes a list of bytes: where each is, and how long. */
  #packed(items: readonly Buffer[]): { pointers: BigUint64Array; lengths: BigUint64Array; held: Buffer } {
    const held = Buffer.concat([...items, Buffer.alloc(1)]);
    const start = this.calls.library.addressOf(held);
    const pointers = new BigUint64Array(items.length);
    const lengths = new BigUint64Array(items.length);
    let offset = 0;
    items.forEach((item, index) => {
      pointers[index] = start + BigInt(offset);
      lengths[index] = BigInt(item.length);
      offset += item.length;
    });
    return { pointers, lengths, held };
  }
}
