import { type HandleContext, NativeHandle } from './handle.js';
import type { NativeCalls } from './native-calls.js';

const subject = { operation: 'rbd_read', object: 'image rbd/a' };

/** Closing and calls without a library. */
class Handle extends NativeHandle {
  constructor(
    readonly name: string,
    private readonly released: string[],
    context: Partial<HandleContext> = {},
  ) {
    super({ label: name, calls: undefined as unknown as NativeCalls, limitMs: 1000, ...context });
  }

  async call<T>(work: Promise<T>): Promise<T> {
    return this.using(subject, async () => work);
  }

  /** Several calls of the library at once. */
  async several(...calls: Promise<void>[]): Promise<void> {
    await this.using(subject, async (attempt) => {
      await Promise.all(calls.map(async (call) => attempt.during(call)));
    });
  }

  opened(name: string): Handle {
    return new Handle(name, this.released, this.contextOf(name));
  }

  protected override async release(): Promise<void> {
    await Promise.resolve(this.released.push(this.name));
  }
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

test('closing waits for the calls under way, and lets no more in', async () => {
  const released: string[] = [];
  const handle = new Handle('image', released);
  const work = deferred();
  const call = handle.call(work.promise);
  const closing = handle.close();
  await expect(handle.call(Promise.resolve())).rejects.toMatchObject({ code: 'closed' });
  expect(released).toEqual([]);
  work.resolve();
  await Promise.all([call, closing]);
  expect(released).toEqual(['image']);
});

test('it is released once, however often it is closed', async () => {
  const released: string[] = [];
  const handle = new Handle('image', released);
  await Promise.all([handle.close(), handle.close(), handle[Symbol.asyncDispose]()]);
  await handle.close();
  expect(released).toEqual(['image']);
});

test('what was opened of it is closed first, and cannot be used', async () => {
  const released: string[] = [];
  const cluster = new Handle('cluster', released);
  const pool = cluster.opened('pool');
  const image = pool.opened('image');
  const work = deferred();
  const call = image.call(work.promise);
  const closing = cluster.close();
  await expect(image.call(Promise.resolve())).rejects.toMatchObject({ code: 'closed' });
  work.resolve();
  await Promise.all([call, closing]);
  expect(released).toEqual(['image', 'pool', 'cluster']);
});

test('a call whose caller has given up still holds it', async () => {
  const released: string[] = [];
  const handle = new Handle('image', released, { limitMs: 10 });
  const work = deferred();
  await expect(handle.call(work.promise)).rejects.toMatchObject({ code: 'timed-out' });
  await handle.close(); // which does not wait for ever
  expect(released).toEqual([]);
  work.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  expect(released).toEqual(['image']);
});

test('of several calls at once one fails: the others still hold it', async () => {
  const released: string[] = [];
  const handle = new Handle('image', released);
  const other = deferred();
  const work = handle.several(Promise.reject(new Error('refused')), other.promise);
  work.catch(() => undefined);
  const closing = handle.close();
  await new Promise((resolve) => setImmediate(resolve));
  expect(released).toEqual([]);
  other.resolve();
  await expect(work).rejects.toThrow('refused');
  await closing;
  expect(released).toEqual(['image']);
});

test('it is closed when nothing of it is used any more, where that is wanted', async () => {
  const released: string[] = [];
  const pool = new Handle('pool', released, { limitMs: 10 });
  const image = pool.opened('image');
  const [before, late] = [deferred(), deferred()];
  const call = image.call(before.promise);
  const lost = pool.call(late.promise);
  const closing = pool.closeWhenUnused();
  before.resolve();
  await call;
  await image.call(Promise.resolve());
  await expect(lost).rejects.toMatchObject({ code: 'timed-out' });
  await image.close();
  // It still has a call that its caller has given up.
  await new Promise((resolve) => setImmediate(resolve));
  expect(released).toEqual(['image']);
  await pool.call(Promise.resolve());
  late.resolve();
  await closing;
  expect(released).toEqual(['image', 'pool']);
  await expect(pool.call(Promise.resolve())).rejects.toMatchObject({ code: 'closed' });
});

test('it is closed at once where its owner is closed meanwhile', async () => {
  const released: string[] = [];
  const cluster = new Handle('cluster', released);
  const pool = cluster.opened('pool');
  const image = pool.opened('image');
  const closing = pool.closeWhenUnused();
  await cluster.close();
  await closing;
  await expect(image.call(Promise.resolve())).rejects.toMatchObject({ code: 'closed' });
  expect(released).toEqual(['image', 'pool', 'cluster']);
});
