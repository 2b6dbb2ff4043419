import { createContext, type OperationContext } from '@scoria/core';
import { collect, deferred, MemoryLogger } from '@scoria/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { uncancellable } from '../execute/uncancellable.js';
import { ShareWatch } from './share-watch.js';
import { FakeHeart } from './spec-support/fake-heart.js';

const HANGS = {
  code: 'unavailable',
  message: expect.stringMatching(
    /^the share bad:\/v cannot be used: its file system gives no answer within 0\.03 s; see .*\. The operation goes no further/,
  ) as string,
  details: expect.objectContaining({ share: 'bad:/v' }) as object,
};

describe('ShareWatch', () => {
  let logger: MemoryLogger;
  let watch: ShareWatch;
  let bad: FakeHeart;
  let context: OperationContext;
  let steps: string[];
  beforeEach(() => {
    logger = new MemoryLogger();
    watch = new ShareWatch(logger);
    bad = new FakeHeart();
    watch.add('bad:/v', bad.heartbeat);
    watch.add('good:/v', new FakeHeart().heartbeat);
    steps = [];
    context = createContext({
      requestId: 'req-1',
      logger,
      onStep: (name) => void steps.push(name),
      onProgress: ({ done }) => void steps.push(String(done)),
    });
  });

  /** Work on a share that waits for a call, and then goes on. */
  function begin(share: string): { ended: Promise<string>; comeBack: () => void; after: Promise<unknown> } {
    const call = deferred();
    const after = deferred<unknown>();
    const ended = watch.run(context, async (inner) => {
      watch.use(inner, share);
      await inner.step('before');
      await call.promise;
      inner.progress({ done: 1, total: 1 });
      after.resolve(await inner.step('after').catch((error: unknown) => error));
      return 'done';
    });
    return { ended, comeBack: call.resolve, after: after.promise };
  }

  it('lets work go on that uses shares that answer, or none', async () => {
    const work = begin('good:/v');
    bad.stop();
    await bad.hangs();
    work.comeBack();
    expect(await work.ended).toBe('done');
    expect(await watch.run(context, async () => Promise.resolve(7))).toBe(7);
    expect(steps).toEqual(['before', '1', 'after']);
  });

  it('passes on what the work throws', async () => {
    const failing = watch.run(context, async () => Promise.reject(new Error('no room')));
    await expect(failing).rejects.toThrow('no room');
  });

  it('ends work on a share that begins to hang, and lets it begin no step more', async () => {
    const work = begin('bad:/v');
    bad.stop();
    await expect(work.ended).rejects.toMatchObject(HANGS);
    bad.comeBack();
    work.comeBack();
    expect(await work.after).toMatchObject(HANGS);
    expect(steps).toEqual(['before']);
  });

  it('ends at once what uses a share that is known to hang', async () => {
    bad.stop();
    await bad.hangs();
    await expect(begin('bad:/v').ended).rejects.toMatchObject(HANGS);
    expect(steps).toEqual([]);
  });

  it('cancels the work that it gives up, and what its caller cancels', async () => {
    bad.stop();
    const seen = deferred<AbortSignal>();
    const given = watch.run(context, async (inner) => {
      watch.use(inner, 'bad:/v');
      seen.resolve(inner.signal);
      return new Promise<never>(() => undefined);
    });
    const signal = await seen.promise;
    expect(signal.aborted).toBe(false);
    await expect(given).rejects.toMatchObject(HANGS);
    expect(signal.aborted).toBe(true);

    const abort = new AbortController();
    const cancelled = watch.run({ ...context, signal: abort.signal }, async (inner) => {
      abort.abort();
      return Promise.resolve(inner.signal.aborted);
    });
    expect(await cancelled).toBe(true);
  });

  it('keeps what the work holds until its call is back', async () => {
    let isHeld = true;
    const call = deferred();
    const ended = watch.run(context, async (inner) => {
      watch.use(inner, 'bad:/v');
      try {
        await call.promise;
      } finally {
        isHeld = false;
      }
    });
    bad.stop();
    await expect(ended).rejects.toMatchObject(HANGS);
    await delay(5);
    expect(isHeld).toBe(true);
    call.resolve();
    await delay(1);
    expect(isHeld).toBe(false);
    expect(logger.lines.at(-1)?.message).toBe('an operation that was given up has ended after all');
  });

  it.each<[what: string, end: 'resolve' | 'reject', line: RegExp]>([
    ['succeeds', 'resolve', /has ended after all/],
    ['fails', 'reject', /has ended: too late/],
  ])('hands over a result that comes too late where the work %s', async (_what, end, line) => {
    const call = deferred<string>();
    const late: string[] = [];
    const ended = watch.run(
      context,
      async (inner) => {
        watch.use(inner, 'bad:/v');
        return call.promise;
      },
      async (result) => Promise.resolve(void late.push(result)),
    );
    bad.stop();
    await expect(ended).rejects.toMatchObject(HANGS);
    if (end === 'resolve') call.resolve('a device');
    else call.reject(new Error('too late'));
    await delay(1);
    expect(late).toEqual(end === 'resolve' ? ['a device'] : []);
    expect(logger.lines.at(-1)?.message).toMatch(line);
  });

  it('hands nothing over that its caller has got', async () => {
    const late: string[] = [];
    const got = await watch.run(
      context,
      async (inner) => {
        watch.use(inner, 'bad:/v');
        return Promise.resolve('a device');
      },
      async (result) => Promise.resolve(void late.push(result)),
    );
    bad.stop();
    await bad.hangs();
    expect([got, late]).toEqual(['a device', []]);
  });

  it('knows what each work uses, of several at a time', async () => {
    const used = await Promise.all(
      ['good:/v', 'bad:/v'].map(async (share) =>
        watch.run(context, async (inner) => {
          await delay(1);
          watch.use(inner, share);
          watch.use(inner, 'unknown:/v');
          await delay(1);
          return watch.inUse(inner);
        }),
      ),
    );
    watch.use(context, 'good:/v');
    expect([...used, watch.inUse(context)]).toEqual([['good:/v'], ['bad:/v'], []]);
  });

  it.each<[string, (inner: OperationContext) => OperationContext]>([
    ['a part with a time limit of its own', (inner) => ({ ...inner, signal: context.signal })],
    ['a part that must not be left half done', uncancellable],
  ])('knows what %s uses', async (_what, derive) => {
    const seen: string[][] = [];
    const working = watch.run(context, async (inner) => {
      watch.use(derive(inner), 'bad:/v');
      seen.push(watch.inUse(inner), watch.inUse(derive(inner)));
      return new Promise<never>(() => undefined);
    });
    bad.stop();
    await expect(working).rejects.toMatchObject(HANGS);
    expect(seen).toEqual([['bad:/v'], ['bad:/v']]);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['work', async () => watch.run(context, async (inner) => collect(twoItems(inner)))],
    ['items', async () => collect(watch.items(context, twoItems))],
    ['items of which only the first is read', async () => firstOf(watch.items(context, twoItems))],
    ['work on given shares', async () => watch.runOn(['bad:/v'], async () => Promise.resolve())],
  ])('asks the share no more when the %s is over', async (_what, work) => {
    await work();
    await delay(5);
    const { asked } = bad;
    await delay(20);
    expect(bad.asked).toBe(asked);
  });

  async function* twoItems(inner: OperationContext): AsyncIterable<number> {
    watch.use(inner, 'bad:/v');
    await delay(1);
    yield 1;
    yield 2;
  }

  it('asks the share from the first item that shows it in use to the last', async () => {
    const items = watch.items(context, twoItems);
    await items.next();
    const { asked } = bad;
    await delay(20);
    expect(bad.asked).toBeGreaterThan(asked);
    bad.stop();
    await bad.hangs();
    await expect(items.next()).rejects.toMatchObject(HANGS);
  });

  describe('on given shares', () => {
    const shares = ['good:/v', 'bad:/v'];

    it('begins nothing while one hangs, except what lets go', async () => {
      bad.stop();
      await bad.hangs();
      const begun: string[] = [];
      const work = async (): Promise<void> => Promise.resolve(void begun.push('work'));
      await expect(watch.runOn(shares, work)).rejects.toMatchObject(HANGS);
      expect(begun).toEqual([]);
      await expect(
        watch.letGo(shares, async () => {
          begun.push('end');
          return new Promise<never>(() => undefined);
        }),
      ).rejects.toMatchObject(HANGS);
      expect(begun).toEqual(['end']);
    });

    it('ends what is under way', async () => {
      const working = watch.runOn(shares, async () => new Promise<never>(() => undefined));
      bad.stop();
      await expect(working).rejects.toMatchObject(HANGS);
      expect(await watch.runOn(['good:/v', 'unknown:/v'], async () => Promise.resolve(3))).toBe(3);
    });
  });

  it('tells all listeners that a share is back, also where one fails', async () => {
    let told = 0;
    watch.onReturn(async () => Promise.reject(new Error('no way')));
    watch.onReturn(async () => Promise.resolve(void (told += 1)));
    watch.returned();
    await delay(1);
    expect(told).toBe(1);
    expect(logger.lines).toMatchObject([
      { level: 'warn', message: 'a share is back, but could not be put in order: no way' },
    ]);
  });
});

async function firstOf<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of items) return item;
  return undefined;
}
