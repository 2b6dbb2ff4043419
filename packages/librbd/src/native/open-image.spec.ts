import koffi from 'koffi';
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FunctionName } from './functions.js';
import { NativeCalls } from './native-calls.js';
import type { Argument, NativeLibrary } from './native-library.js';
import { OpenImage } from './open-image.js';

const COMPLETION = 77n;

/** What librbd would do for one image: a request is done when it says so, which it may say once more than it has to. */
class Library {
  readonly called: string[] = [];
  readonly #eventfd = koffi.load(null).func('eventfd', 'int', ['uint32', 'int']);
  #descriptor = -1;
  #done: bigint[] = [];

  callNow(name: FunctionName, ...args: Argument[]): number {
    this.called.push(name);
    const [, first, second] = args;
    switch (name) {
      case 'eventfd':
        this.#descriptor = Number(this.#eventfd(...args));
        return this.#descriptor;
      case 'rbd_aio_create_completion':
        (second as BigUint64Array)[0] = COMPLETION;
        return 0;
      case 'rbd_aio_flush':
        this.#done.push(first as bigint);
        this.tell();
        return 0;
      case 'rbd_poll_io_events': {
        const count = this.#done.length;
        (first as BigUint64Array).set(this.#done);
        this.#done = [];
        return count;
      }
      default:
        return 0;
    }
  }

  async call(name: FunctionName): Promise<number> {
    this.called.push(name);
    this.tell();
    await sleep(50);
    return 0;
  }

  /** Says that something is done. */
  tell(): void {
    writeSync(this.#descriptor, new Uint8Array(BigUint64Array.of(1n).buffer));
  }
}

class Image extends OpenImage {
  constructor(library: Library) {
    const calls = new NativeCalls(library as unknown as NativeLibrary);
    super(1n, { pool: 2n, isWritable: true }, { label: 'image rbd/a', calls, limitMs: 1000 });
  }

  async flush(): Promise<number> {
    return this.with(this.subject('rbd_aio_flush'), async (order) =>
      this.io.run('rbd_aio_flush', [], [], order),
    );
  }
}

test('an image that is being closed is not asked what is done, whatever librbd says meanwhile', async () => {
  const library = new Library();
  const image = new Image(library);
  await image.flush();
  await image.close();
  expect(library.called.slice(library.called.indexOf('rbd_close'))).toEqual(['rbd_close']);
});

test('an image is closed when librados has told all that it had to, and its thread is out of it', async () => {
  const library = new Library();
  const image = new Image(library);
  await image.flush();
  await image.close();
  const aboutTelling = library.called.filter((name) => /^rados_aio|close/.test(name));
  expect(aboutTelling).toEqual([
    'rados_aio_create_completion2',
    'rados_aio_flush_async',
    'rados_aio_wait_for_complete',
    'rados_aio_release',
    'rbd_close',
  ]);
});
