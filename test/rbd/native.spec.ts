import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import {
  isRbdError,
  NativeRbdClient,
  type RbdCluster,
  type RbdErrorCode,
  type RbdImage,
  type RbdPool,
} from '@scoria/librbd';
import { CephCluster } from '../support/ceph-cluster.js';
import { LoopDelay } from '../support/loop-delay.js';

const run = promisify(execFile);
const root = path.resolve('.');
const client = new NativeRbdClient();
const MIB = 2 ** 20;
const GIB = 2 ** 30;
const LIMIT_MS = 1000;

let ceph: CephCluster;
let cluster: RbdCluster;
let pool: RbdPool;
let images = 0;
beforeAll(async () => {
  ceph = await CephCluster.start({ pools: ['rbd', 'small'] });
  cluster = await client.connect({ confFile: ceph.confFile, timeoutMs: 20_000 });
  pool = await cluster.openPool('rbd');
});
afterAll(async () => {
  await cluster.close();
  await ceph[Symbol.asyncDispose]();
});

async function newImage(sizeBytes: number, from: RbdPool = pool): Promise<string> {
  images += 1;
  const name = `image-${String(images)}`;
  await from.createImage(name, { sizeBytes });
  return name;
}

/** What became of each: its error's code, or `done`. Anything that is no error of the client's is thrown. */
async function outcomes(calls: readonly PromiseLike<unknown>[]): Promise<(RbdErrorCode | 'done')[]> {
  const settled = await Promise.allSettled(calls);
  return settled.map((result) => {
    if (result.status === 'fulfilled') return 'done';
    if (isRbdError(result.reason)) return result.reason.code;
    throw result.reason;
  });
}

async function eventually(attempt: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (tries > 50) throw error;
      await sleep(100);
    }
  }
}

describe('data', () => {
  test('are those that were written, through calls in any number at once', async () => {
    const name = await newImage(16 * MIB);
    const expected = Buffer.alloc(16 * MIB);
    {
      await using image = await pool.openImage(name);
      for (let round = 0; round < 12; round += 1) {
        await Promise.all(Array.from({ length: 16 }, (_, part) => change(image, expected, part)));
        const at = Math.floor(Math.random() * 15 * MIB);
        expect((await image.read(at, MIB)).equals(expected.subarray(at, at + MIB))).toBe(true);
      }
      await image.flush();
    }
    const file = path.join(ceph.directory, name);
    await ceph.tool('rbd', 'export', '--no-progress', name, file);
    expect((await readFile(file)).equals(expected)).toBe(true);
  });

  /** One change within one of sixteen parts, to the image and to what is expected of it. */
  async function change(image: RbdImage, expected: Buffer, part: number): Promise<void> {
    const at = part * MIB + Math.floor(Math.random() * (MIB / 2));
    const length = Math.floor(Math.random() * (MIB / 2));
    if (Math.random() < 0.3) {
      await image.writeZeroes(at, length);
      expected.fill(0, at, at + length);
    } else {
      const data = randomBytes(length);
      await image.write(at, data);
      data.copy(expected, at);
    }
  }

  test('and where they differ from a snapshot, is told part by part', async () => {
    await using image = await pool.openImage(await newImage(20 * GIB));
    await image.write(GIB, randomBytes(MIB));
    await image.createSnapshot('before');
    const changed = [0, 9 * GIB, 20 * GIB - 4 * MIB];
    for (const at of changed) await image.write(at, randomBytes(1024));
    await image.write(4 * GIB - 4 * MIB, randomBytes(8 * MIB));
    await image.discard(GIB, MIB);
    const found = [];
    for await (const extent of image.diff({ since: 'before' })) found.push(extent);
    expect(found).toEqual([
      { offset: 0, length: 1024, exists: true },
      { offset: GIB, length: MIB, exists: false },
      // Across two objects, and two parts that are asked for.
      { offset: 4 * GIB - 4 * MIB, length: 8 * MIB, exists: true },
      { offset: 9 * GIB, length: 1024, exists: true },
      { offset: 20 * GIB - 4 * MIB, length: 1024, exists: true },
    ]);
  });

  test('of a buffer that can shrink or is shared are copied first', async () => {
    await using image = await pool.openImage(await newImage(MIB));
    const shared = new Uint8Array(new SharedArrayBuffer(4096)).fill(7);
    const written = image.write(0, shared);
    await written;
    expect((await image.read(0, 4096)).equals(Buffer.alloc(4096, 7))).toBe(true);
  });
});

describe('wrong use', () => {
  const wrong: [what: string, call: (image: RbdImage) => Promise<unknown>][] = [
    ['a negative offset', (image) => image.read(-1, 10)],
    ['a negative length', (image) => image.read(0, -10)],
    ['half a byte', (image) => image.read(0, 0.5)],
    ['no number', (image) => image.read(NaN, 10)],
    ['infinitely much', (image) => image.read(0, Infinity)],
    ['more than memory holds', (image) => image.read(0, 2 ** 40)],
    ['a number that is not exact', (image) => image.read(2 ** 60, 1)],
    ['beyond the end', (image) => image.read(MIB - 1, 2)],
    ['a text instead of a number', (image) => image.read('0' as unknown as number, 1)],
    ['nothing to write', (image) => image.write(0, undefined as unknown as Uint8Array)],
    ['text to write', (image) => image.write(0, 'text' as unknown as Uint8Array)],
    ['writing beyond the end', (image) => image.write(MIB, Buffer.alloc(1))],
    ['discarding beyond the end', (image) => image.discard(0, 2 ** 50)],
    ['zeroing from below', (image) => image.writeZeroes(-4096, 4096)],
    ['a size below nothing', (image) => image.resize(-1)],
    ['a size beyond what numbers can be', (image) => image.resize(2 ** 64)],
    ['a size that librbd refuses', (image) => image.resize(Number.MAX_SAFE_INTEGER)],
    ['a snapshot without a name', (image) => image.createSnapshot('')],
    ['a snapshot with a NUL', (image) => image.createSnapshot('a\0b')],
    ['a snapshot that is no text', (image) => image.protectSnapshot(7 as unknown as string)],
    ['no snapshot', (image) => image.rollback(undefined as unknown as string)],
    ['children of no number', (image) => image.children(NaN)],
    ['an unknown feature', (image) => image.updateFeatures(['none'], true)],
    ['a key with a NUL', (image) => image.setMetadata('a\0', '')],
    ['a value that is no text', (image) => image.setMetadata('a', {} as unknown as string)],
    ['a lock of no text', (image) => image.lockExclusively(null as unknown as string)],
    ['flattening what has no parent', (image) => image.flatten()],
    ['a diff since nothing', async (image) => image.diff({ since: '' })[Symbol.asyncIterator]().next()],
    ['a diff from below', async (image) => image.diff({ offset: -1 })[Symbol.asyncIterator]().next()],
    ['an image without a name', () => pool.createImage('', { sizeBytes: MIB })],
    ['an image with a NUL', () => pool.createImage('a\0b', { sizeBytes: MIB })],
    ['an image of no size', () => pool.createImage('none', { sizeBytes: NaN })],
    ['objects too small', () => pool.createImage('none', { sizeBytes: MIB, order: 2 })],
    ['objects of a negative size', () => pool.createImage('none', { sizeBytes: MIB, order: -22 })],
    ['a stripe that does not fit', () => pool.createImage('none', { sizeBytes: MIB, stripeUnitBytes: 3 })],
    ['a clone of nothing', () => pool.cloneImage('none', { parentImage: '', parentSnapshot: '' })],
    ['opening no name', () => pool.openImage(undefined as unknown as string)],
    ['opening no id', () => pool.openImage({ id: '' })],
    ['a trash delay below nothing', () => pool.moveToTrash('none', -1)],
    ['an object without a name', () => pool.keys('')],
    ['a key of an object with a NUL', () => pool.setKeys('object', new Map([['a\0b', Buffer.alloc(1)]]))],
    ['a pool that is no text', () => cluster.openPool(7 as unknown as string)],
    ['a command there is not', () => cluster.command({ prefix: 'no such command' })],
    ['a time limit of nothing', () => client.connect({ timeoutMs: 0 })],
    ['a setting there is not', () => client.connect({ timeoutMs: 1000, settings: { no_such: '1' } })],
  ];

  test('is told', async () => {
    await using image = await pool.openImage(await newImage(MIB));
    const found = await outcomes(wrong.map(async ([, call]) => call(image)));
    expect(wrong.map(([what], index) => [what, found[index]])).toEqual(
      wrong.map(([what]) => [what, 'invalid']),
    );
  });

  test('of a handle that is closed, while it is, and twice', async () => {
    const name = await newImage(16 * MIB);
    const image = await pool.openImage(name);
    const before = Array.from({ length: 50 }, () => image.write(0, Buffer.alloc(MIB, 1)));
    const others = [image.info(), image.createSnapshot('a'), image.resize(32 * MIB)];
    const closing = [image.close(), image.close(), image[Symbol.asyncDispose]()];
    const after = [image.read(0, 1), image.info(), image.flatten(), image.children(1), image.flush()];
    const [early, late] = await Promise.all([outcomes([...before, ...others, ...closing]), outcomes(after)]);
    expect(new Set(early)).toEqual(new Set(['done']));
    expect(new Set(late)).toEqual(new Set(['closed']));
    await image.close();
  });

  test('of what was opened of a handle that is closed', async () => {
    const names = [await newImage(MIB), await newImage(MIB)];
    const other = await client.connect({ confFile: ceph.confFile, timeoutMs: 20_000 });
    const otherPool = await other.openPool('rbd');
    const image = await otherPool.openImage(names[0]!);
    const underWay = Array.from({ length: 40 }, async (_, index) => otherPool.openImage(names[index % 2]!));
    const io = Array.from({ length: 40 }, () => image.read(0, MIB));
    await other.close();
    expect(new Set(await outcomes(io))).toEqual(new Set(['done']));
    const opened = await Promise.all(underWay);
    const calls = [image, ...opened].flatMap((each) => [
      each.info(),
      each.read(0, 1),
      each.write(0, Buffer.alloc(1)),
    ]);
    const found = await outcomes([
      ...calls,
      otherPool.images(),
      otherPool.openImage(names[0]!),
      other.pools(),
    ]);
    expect(new Set(found)).toEqual(new Set(['closed']));
    // Nobody watches them any more.
    await Promise.all(names.map(async (name) => pool.removeImage(name)));
  });
});

test('an image that many have open is changed and closed by all of them at once', async () => {
  const name = await newImage(16 * MIB);
  const change = async (_: unknown, index: number): Promise<void> => {
    const snapshot = `snapshot-${String(index)}`;
    await using image = await pool.openImage(name);
    await image.write(0, Buffer.alloc(4096, index));
    await (index % 8 === 0 ? image.resize(16 * MIB) : image.createSnapshot(snapshot));
  };
  await Promise.all(Array.from({ length: 24 }, change));
  await using image = await pool.openImage(name, { readOnly: true });
  expect(await image.snapshots()).toHaveLength(21);
});

test('nothing stays behind after thousands of calls', async () => {
  const name = await newImage(MIB);
  const round = async (): Promise<void> => {
    await using image = await pool.openImage(name);
    await image.write(0, Buffer.alloc(65_536, 1));
    await Promise.all([
      image.read(0, 65_536),
      image.info(),
      image.metadata(),
      image.snapshots(),
      pool.images(),
    ]);
    await pool.setKeys('object', new Map([['key', Buffer.alloc(1000)]]));
    await pool.keys('object');
    for await (const _extent of image.diff()) break;
  };
  const rounds = async (count: number): Promise<void> => {
    for (let done = 0; done < count; done += 10) await Promise.all(Array.from({ length: 10 }, round));
  };
  await rounds(60);
  const before = { bytes: process.memoryUsage.rss(), files: (await readdir('/proc/self/fd')).length };
  await rounds(120);
  expect((await readdir('/proc/self/fd')).length).toBeLessThan(before.files + 20);
  expect(process.memoryUsage.rss() - before.bytes).toBeLessThan(40 * MIB);
});

test('the event loop goes on while images are flattened, rolled back and removed', async () => {
  const name = await newImage(64 * GIB);
  {
    await using image = await pool.openImage(name);
    for (let at = 0; at < 512 * MIB; at += 4 * MIB) await image.write(at, Buffer.alloc(4096, 1));
    await image.createSnapshot('base');
    await image.protectSnapshot('base');
  }
  const clones = ['clone-1', 'clone-2', 'clone-3'];
  for (const clone of clones) await pool.cloneImage(clone, { parentImage: name, parentSnapshot: 'base' });
  const progress: number[] = [];
  await using delay = await LoopDelay.start();
  await delay.reset();
  const began = performance.now();
  await Promise.all(
    clones.map(async (clone) => {
      {
        await using image = await pool.openImage(clone);
        await image.createSnapshot('here');
        await image.flatten({ onProgress: (done, total) => progress.push(done / total) });
        await image.rollback('here');
        await image.removeSnapshot('here');
      }
      await pool.removeImage(clone, { onProgress: () => undefined });
    }),
  );
  const took = performance.now() - began;
  expect(progress.length).toBeGreaterThan(1000);
  expect(await delay.excessMs()).toBeLessThan(Math.max(100, took / 4));
});

describe('a call that takes long', () => {
  test('is ended by its signal, and can be repeated', async () => {
    const name = await newImage(64 * GIB);
    const controller = new AbortController();
    const onProgress = (done: number): void => {
      if (done > 100) controller.abort();
    };
    const removal = pool.removeImage(name, { onProgress, signal: controller.signal });
    await expect(removal).rejects.toMatchObject({ code: 'cancelled' });
    await pool.removeImage(name);
    await expect(pool.openImage(name)).rejects.toMatchObject({ code: 'not-found' });
  });

  test('is not begun when its signal came before', async () => {
    const name = await newImage(MIB);
    const removal = pool.removeImage(name, { signal: AbortSignal.abort() });
    await expect(removal).rejects.toMatchObject({ code: 'cancelled' });
    await pool.removeImage(name);
  });

  test('ends with what its listener throws', async () => {
    const name = await newImage(GIB);
    const cause = new Error('listener');
    const onProgress = (): void => {
      throw cause;
    };
    await expect(pool.removeImage(name, { onProgress })).rejects.toMatchObject({ code: 'cancelled', cause });
  });
});

describe('a pool whose quota is reached', () => {
  test('says so at once', async () => {
    await ceph.ceph('osd', 'pool', 'set-quota', 'small', 'max_bytes', String(4 * MIB));
    await using small = await cluster.openPool('small');
    const name = await newImage(GIB, small);
    {
      await using image = await small.openImage(name);
      const fill = async (): Promise<void> => {
        for (let at = 0; at < 120 * MIB; at += MIB / 2) {
          await image.write(at, Buffer.alloc(MIB / 2, 1));
          await sleep(20);
        }
      };
      await expect(fill()).rejects.toMatchObject({ code: 'quota' });
    }
    expect(await cluster.poolUsage('small')).toMatchObject({ quotaBytes: 4 * MIB });
    await expect(small.createImage('more', { sizeBytes: GIB })).rejects.toMatchObject({ code: 'quota' });
    await expect(small.removeImage(name)).rejects.toMatchObject({ code: 'no-space' });
    await ceph.ceph('osd', 'pool', 'set-quota', 'small', 'max_bytes', '0');
    await eventually(async () => small.removeImage(name));
  });
});

describe('what cannot be connected to', () => {
  test.each<[what: string, options: () => object, code: RbdErrorCode]>([
    ['no such file', () => ({ confFile: '/no/such/ceph.conf' }), 'invalid'],
    ['a file that is none', () => ({ confFile: path.join(root, 'package.json') }), 'invalid'],
    [
      'a monitor that is not there',
      () => ({ confFile: ceph.confFile, settings: { mon_host: '127.0.0.1:1' } }),
      'timed-out',
    ],
    ['a name with a NUL', () => ({ confFile: 'a\0b' }), 'invalid'],
  ])('%s', async (_what, options, code) => {
    await expect(client.connect({ timeoutMs: LIMIT_MS, ...options() })).rejects.toMatchObject({ code });
  });

  test('gives up at once when it is told to', async () => {
    const settings = { mon_host: '127.0.0.1:1' };
    const signal = AbortSignal.timeout(50);
    const connecting = client.connect({ confFile: ceph.confFile, settings, timeoutMs: 2 * LIMIT_MS, signal });
    await expect(connecting).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('a machine without the libraries is told what to install', async () => {
    const { stdout: place } = await run('sh', [
      '-c',
      'ldconfig -p | sed -n "s/.*librbd.so.1.* => //p" | head -1',
    ]);
    const script = `
      import { NativeRbdClient } from '@scoria/librbd';
      await new NativeRbdClient().connect({ timeoutMs: 1000 }).catch((error) => console.log(JSON.stringify(error)));
    `;
    const inside = `mount --bind /dev/null ${place.trim()} && exec "$0" --input-type=module --eval "$1"`;
    const args = ['--mount', 'sh', '-c', inside, process.execPath, script];
    const { stdout } = await run('unshare', args, { cwd: path.join(root, 'test'), timeout: 30_000 });
    expect(JSON.parse(stdout)).toMatchObject({ code: 'library-missing' });
  });
});

describe('a cluster that does not answer', () => {
  let hasty: RbdCluster;
  let hastyPool: RbdPool;
  beforeAll(async () => {
    // On a busy machine even a cluster that is well may take longer once.
    await eventually(async () => {
      hasty = await client.connect({ confFile: ceph.confFile, timeoutMs: LIMIT_MS });
    });
    await eventually(async () => {
      hastyPool = await hasty.openPool('rbd');
    });
  });
  afterAll(async () => hasty.close());

  /** Long calls of librbd take several steps, each with the limit. */
  async function inTime(calls: readonly PromiseLike<unknown>[]): Promise<(RbdErrorCode | 'done')[]> {
    const timer = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error('a call hangs')), 15 * LIMIT_MS).unref();
    });
    return Promise.race([outcomes(calls), timer]);
  }

  async function hastyImage(name: string): Promise<RbdImage> {
    let image: RbdImage | undefined;
    await eventually(async () => {
      image = await hastyPool.openImage(name);
    });
    if (image === undefined) throw new Error('it was opened');
    return image;
  }

  test('ends each call with an error, and goes on when it is back', async () => {
    const name = await newImage(64 * MIB);
    {
      await using patient = await pool.openImage(name);
      await patient.write(0, Buffer.alloc(8 * MIB, 1));
      await patient.createSnapshot('a');
    }
    const image = await hastyImage(name);
    await ceph.pause('osd');
    try {
      const calls = [
        ...[image.read(0, 4096), image.write(0, Buffer.alloc(4096, 2)), image.flush(), image.discard(0, MIB)],
        ...[image.createSnapshot('b'), image.resize(128 * MIB), image.rollback('a'), image.watchers()],
        ...[
          hastyPool.images(),
          hastyPool.createImage('never', { sizeBytes: MIB }),
          hastyPool.openImage(name),
        ],
        ...[hastyPool.keys('object'), hastyPool.trash(), hastyPool.removeImage('none')],
      ];
      const found = await inTime(calls);
      expect(found.filter((code) => !['timed-out', 'busy'].includes(code))).toEqual([]);
      await eventually(async () =>
        expect(await hasty.poolUsage('rbd')).toMatchObject({ quotaBytes: undefined }),
      );
      await inTime([image.close()]);
      // Its calls have ended, or go on by themselves.
      expect(await outcomes([image.info()])).toEqual(['closed']);
    } finally {
      ceph.resume('osd');
    }
    await eventually(async () => {
      await using again = await hastyPool.openImage(name);
      expect((await again.read(MIB, 4096)).equals(Buffer.alloc(4096, 1))).toBe(true);
    });
  });

  test('a monitor neither', async () => {
    await ceph.pause('mon');
    try {
      const connecting = client.connect({ confFile: ceph.confFile, timeoutMs: LIMIT_MS });
      const calls = [hasty.poolUsage('rbd'), hasty.monitors(), hasty.openPool('no such pool'), connecting];
      expect(new Set(await inTime(calls))).toEqual(new Set(['timed-out']));
      // Data do not need it.
      await eventually(async () =>
        expect(await outcomes([hastyPool.images(), hastyPool.keys('object')])).toEqual(['done', 'done']),
      );
    } finally {
      ceph.resume('mon');
    }
    await eventually(async () => expect(await hasty.monitors()).toHaveLength(2));
  });
});

describe('with keys', () => {
  test('what a user may not do is not permitted, and one without a key does not get in', async () => {
    await using secured = await CephCluster.start({ auth: 'cephx', cloneFormat: 1 });
    await secured.addUser('reader', { mon: 'profile rbd', osd: 'profile rbd-read-only pool=rbd' });
    const options = { confFile: secured.confFile, timeoutMs: 10_000 };
    await using admin = await client.connect(options);
    await using whole = await admin.openPool('rbd');
    await whole.createImage('image', { sizeBytes: GIB });
    await using limited = await client.connect({ ...options, user: 'reader' });
    await using seen = await limited.openPool('rbd');
    {
      await using image = await seen.openImage('image', { readOnly: true });
      expect((await image.read(0, 10)).equals(Buffer.alloc(10))).toBe(true);
      expect(await outcomes([image.write(0, Buffer.alloc(1)), image.createSnapshot('a')])).toEqual([
        'read-only',
        'read-only',
      ]);
    }
    const refused = [seen.createImage('other', { sizeBytes: GIB }), seen.openImage('image')];
    expect(await outcomes(refused)).toEqual(['permission', 'permission']);
    const strangers = [
      client.connect({ ...options, user: 'nobody' }),
      client.connect({ ...options, settings: { keyring: '/no/such/keyring' } }),
      client.connect({
        ...options,
        user: 'reader',
        settings: { key: 'AQAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAA==' },
      }),
    ];
    expect(await outcomes(strangers)).toEqual(['permission', 'not-found', 'permission']);
  });
});
