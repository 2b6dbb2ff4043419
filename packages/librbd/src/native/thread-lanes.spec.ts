import { type Caller, Lane, LostThreads, poolThreads, ThreadLanes } from './thread-lanes.js';

const wanted: Caller = { isGivenUp: false, onLost: () => undefined };

/** Work that goes on until it is told to end. */
class Work {
  readonly #ended: Promise<void>;
  isRunning = false;
  end: () => void = () => undefined;

  constructor() {
    this.#ended = new Promise((resolve) => (this.end = resolve));
  }

  readonly run = async (): Promise<string> => {
    this.isRunning = true;
    await this.#ended;
    this.isRunning = false;
    return 'done';
  };
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test('so many run at a time, the others in the order they came', async () => {
  const lane = new Lane(2);
  const works = Array.from({ length: 4 }, () => new Work());
  const runs = works.map(async (work) => lane.run(work.run, wanted));
  await settled();
  expect(works.map(({ isRunning }) => isRunning)).toEqual([true, true, false, false]);
  works[1]!.end();
  await settled();
  expect(works.map(({ isRunning }) => isRunning)).toEqual([true, false, true, false]);
  for (const work of works) work.end();
  await expect(Promise.all(runs)).resolves.toEqual(Array.from(works, () => 'done'));
});

test('room is given on by work that fails', async () => {
  const lane = new Lane(1);
  await expect(lane.run(() => Promise.reject(new Error('failed')), wanted)).rejects.toThrow('failed');
  await expect(lane.run(() => Promise.resolve(1), wanted)).resolves.toBe(1);
});

test('what nobody waits for any more is not started, and holds up nobody', async () => {
  const lane = new Lane(1);
  const first = new Work();
  const running = lane.run(first.run, wanted);
  const given = new Work();
  const givenUp = lane.run(given.run, { ...wanted, isGivenUp: true });
  const last = lane.run(() => Promise.resolve('last'), wanted);
  first.end();
  await expect(Promise.all([running, givenUp, last])).resolves.toEqual(['done', undefined, 'last']);
});

describe('a call that is lost', () => {
  /** One that is told to be lost. */
  class Loser implements Caller {
    readonly isGivenUp = false;
    lose: () => void = () => undefined;
    onLost(listener: () => void): void {
      this.lose = listener;
    }
  }

  test('leaves its room to others, and takes none when it ends after all', async () => {
    const lane = new Lane(1, new LostThreads(1));
    const [first, second, third] = [new Work(), new Work(), new Work()];
    const loser = new Loser();
    const runs = [lane.run(first.run, loser), lane.run(second.run, wanted), lane.run(third.run, wanted)];
    await settled();
    loser.lose();
    await settled();
    expect([first, second, third].map(({ isRunning }) => isRunning)).toEqual([true, true, false]);
    first.end();
    await settled();
    expect(third.isRunning).toBe(false);
    second.end();
    await settled();
    expect(third.isRunning).toBe(true);
    third.end();
    await Promise.all(runs);
  });

  test('keeps it where too many threads are with such calls', async () => {
    const lost = new LostThreads(1);
    const lanes = [new Lane(1, lost), new Lane(1, lost)] as const;
    const [first, second, next] = [new Work(), new Work(), new Work()];
    const losers = [new Loser(), new Loser()] as const;
    const runs = [lanes[0].run(first.run, losers[0]), lanes[1].run(second.run, losers[1])];
    await settled();
    for (const loser of losers) loser.lose();
    runs.push(lanes[1].run(next.run, wanted));
    await settled();
    expect(next.isRunning).toBe(false);
    for (const work of [first, second, next]) work.end();
    await Promise.all(runs);
    expect(lost.take()).toBe(true);
  });
});

test.each([
  [1, { short: 1, removal: 1, background: 1 }],
  [4, { short: 1, removal: 1, background: 1 }],
  [8, { short: 3, removal: 2, background: 2 }],
  [64, { short: 31, removal: 16, background: 16 }],
  [256, { short: 127, removal: 64, background: 64 }],
])('of %d threads each kind of call has its part', (threads, expected) => {
  const { short, removal, background } = new ThreadLanes(threads);
  expect({ short: short.width, removal: removal.width, background: background.width }).toEqual(expected);
});

test.each([
  [undefined, 4],
  ['64', 64],
  ['0', 4],
  ['many', 4],
  ['1000', 256],
])('UV_THREADPOOL_SIZE %s is %d threads', (setting, threads) => {
  expect(poolThreads(setting)).toBe(threads);
});
