import { deferred, FakeClock } from '@scoria/testkit';
import { LEAST_MS } from './copy-slice.js';
import { BESIDE_MS, Courtesy } from './courtesy.js';
import { QUIET_MS } from './lull.js';
import { UserWork } from './user-work.js';

const OBJECT_MS = 10;
const LONG_MS = 30_000;

let clock: FakeClock;
let work: UserWork;
let courtesy: Courtesy;

beforeEach(() => {
  clock = new FakeClock();
  work = new UserWork(clock);
  courtesy = new Courtesy(work, clock);
});

/** A copy of so many objects, which notices with the next object that it is to end, as librbd does. */
class FakeCopy {
  copied = 0;
  runs = 0;
  isRunning = false;
  readonly ended: Promise<void>;

  constructor(count: number, signal: AbortSignal = new AbortController().signal, lookMs = 0) {
    this.ended = courtesy.copy(async (slice, reach) => {
      this.runs += 1;
      this.isRunning = true;
      try {
        for (let object = 0; object < count; object += 1) {
          await clock.sleep(object < this.copied ? lookMs : OBJECT_MS);
          this.copied = Math.max(this.copied, object + 1);
          reach(object + 1);
          slice.throwIfAborted();
        }
      } finally {
        this.isRunning = false;
      }
    }, signal);
  }
}

/** Something that users wait for, until it is told to end. */
function begin(): () => Promise<void> {
  const gate = deferred();
  const ended = work.during(() => gate.promise);
  return async () => {
    gate.resolve();
    await ended;
  };
}

describe('a copy in the background', () => {
  it('goes on to its end where nobody waits for anything', async () => {
    const copy = new FakeCopy(20);
    await clock.advance(20 * OBJECT_MS);
    await copy.ended;
    expect([copy.copied, copy.runs]).toEqual([20, 1]);
  });

  it('ends with the next object when users begin to wait, and goes on where it was when it is quiet', async () => {
    const copy = new FakeCopy(40);
    await clock.advance(20 * OBJECT_MS);
    const end = begin();
    await clock.advance(OBJECT_MS);
    expect([copy.isRunning, copy.copied]).toEqual([false, 21]);
    await clock.advance(5 * QUIET_MS);
    expect(copy.copied).toBe(21);
    await end();
    await clock.advance(2 * QUIET_MS + 20 * OBJECT_MS);
    await copy.ended;
    expect([copy.copied, copy.runs]).toEqual([40, 2]);
  });

  it('waits for a while after something has ended: the next may be about to come', async () => {
    await begin()();
    const copy = new FakeCopy(1);
    await clock.advance(QUIET_MS - 1);
    expect(copy.runs).toBe(0);
    await clock.advance(1 + OBJECT_MS);
    await copy.ended;
  });

  it('has more go on beside it the longer it is quiet, all of them where nobody ever came', async () => {
    const running = (copies: readonly FakeCopy[]): number =>
      copies.filter(({ isRunning }) => isRunning).length;
    const copies = [new FakeCopy(10_000), new FakeCopy(10_000), new FakeCopy(10_000)];
    await clock.advance(OBJECT_MS);
    expect(running(copies)).toBe(3);
    await clock.advance(LEAST_MS);
    await begin()();
    await clock.advance(OBJECT_MS);
    expect(running(copies)).toBe(0);
    for (const expected of [1, 2, 3]) {
      await clock.advance(BESIDE_MS - 2 * QUIET_MS);
      expect(running(copies)).toBe(expected);
      await clock.advance(2 * QUIET_MS);
    }
  });

  it('is the only one of several where users come now and then, and comes on', async () => {
    const copies = [new FakeCopy(1000), new FakeCopy(1000), new FakeCopy(1000)];
    let most = 0;
    for (let time = 0; time < LONG_MS; time += 3 * QUIET_MS) {
      await begin()();
      await clock.advance(QUIET_MS);
      for (let step = 0; step < 2 * QUIET_MS; step += OBJECT_MS) {
        await clock.advance(OBJECT_MS);
        most = Math.max(most, copies.filter(({ isRunning }) => isRunning).length);
      }
    }
    expect(most).toBe(1);
    expect(copies.reduce((sum, { copied }) => sum + copied, 0)).toBeGreaterThan(0.3 * (LONG_MS / OBJECT_MS));
  });

  it('goes on in the first half of the pauses of users who come regularly, and is met by none of them', async () => {
    const copies = [new FakeCopy(1000), new FakeCopy(1000), new FakeCopy(1000)];
    const pause = 3 * QUIET_MS;
    const met: number[] = [];
    for (let round = 0; round < LONG_MS / pause; round += 1) {
      met.push(copies.filter(({ isRunning }) => isRunning).length);
      // Two things, the one right after the other.
      await begin()();
      await clock.advance(1);
      await begin()();
      await clock.advance(pause);
    }
    const known = 4;
    expect(met.slice(known).filter((count) => count > 0)).toEqual([]);
    for (const { copied } of copies) expect(copied).toBeGreaterThan(100);
  });

  it('goes on when users who came regularly come no more', async () => {
    const copy = new FakeCopy(100_000);
    for (let round = 0; round < 10; round += 1) {
      await begin()();
      await clock.advance(3 * QUIET_MS);
    }
    await clock.advance(6 * QUIET_MS);
    const { runs } = copy;
    await clock.advance(LONG_MS);
    expect([copy.runs, copy.isRunning]).toEqual([runs, true]);
  });

  it('comes on a little where it is never quiet, and only one of several at a time', async () => {
    begin();
    const copies = [new FakeCopy(1000), new FakeCopy(1000), new FakeCopy(1000)];
    let most = 0;
    for (let time = 0; time < LONG_MS; time += OBJECT_MS) {
      await clock.advance(OBJECT_MS);
      most = Math.max(most, copies.filter(({ isRunning }) => isRunning).length);
    }
    expect(most).toBe(1);
    const atLeast = LEAST_MS / OBJECT_MS;
    for (const { copied } of copies) expect(copied).toBeGreaterThan(2 * atLeast);
    const copied = copies.reduce((sum, each) => sum + each.copied, 0);
    expect(copied).toBeLessThan(0.25 * (LONG_MS / OBJECT_MS));
  });

  it('comes on by as much as it has to look again at, however much that is', async () => {
    begin();
    const copy = new FakeCopy(100_000, undefined, 5);
    await clock.advance(3 * LONG_MS);
    const { runs, copied } = copy;
    await clock.advance(3 * LONG_MS);
    // Each goes on for as long as it has looked: they become fewer and longer, and come on no less.
    expect(copy.runs - runs).toBeLessThan(runs);
    expect(copy.copied - copied).toBeGreaterThan(copied);
  });

  it('ends at once when it is not wanted any more while it waits, with what the copy says', async () => {
    begin();
    const controller = new AbortController();
    const copy = new FakeCopy(1, controller.signal);
    controller.abort(new Error('not wanted'));
    const ended = expect(copy.ended).rejects.toThrow('not wanted');
    await clock.advance(OBJECT_MS);
    await ended;
  });

  it('fails with what the copy fails with', async () => {
    await expect(
      courtesy.copy(() => Promise.reject(new Error('no object')), new AbortController().signal),
    ).rejects.toThrow('no object');
  });

  it('lets others push on after one that failed', async () => {
    begin();
    const never = new AbortController().signal;
    const failing = expect(courtesy.copy(() => Promise.reject(new Error('no')), never)).rejects.toThrow('no');
    await clock.advance(2 * LONG_MS);
    await failing;
    const copy = new FakeCopy(1);
    await clock.advance(LONG_MS);
    await copy.ended;
  });
});
