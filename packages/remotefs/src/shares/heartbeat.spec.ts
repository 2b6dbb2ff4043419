import { deferred } from '@scoria/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { Heartbeat } from './heartbeat.js';
import { NoAnswerError } from './one-at-a-time.js';

const OPTIONS = { everyMs: 5, hangAfterMs: 40 };

/** A share whose answers are given by the test. */
class Share {
  asked = 0;
  answers = true;
  #waiting: ((error?: unknown) => void)[] = [];

  async ask(): Promise<void> {
    this.asked += 1;
    if (this.answers) return Promise.resolve();
    const { promise, resolve, reject } = deferred();
    this.#waiting.push((error) => {
      if (error === undefined) resolve();
      else reject(error);
    });
    return promise;
  }

  come(error?: unknown): void {
    this.answers = true;
    for (const answer of this.#waiting.splice(0)) answer(error);
  }
}

describe('Heartbeat', () => {
  let share: Share;
  let events: string[];
  let heartbeat: Heartbeat;
  beforeEach(() => {
    share = new Share();
    events = [];
    heartbeat = new Heartbeat(
      async () => share.ask(),
      OPTIONS,
      () => events.push('hang'),
      () => events.push('return'),
    );
  });

  const hang = async (): Promise<void> => {
    share.answers = false;
    await expect(heartbeat.answer()).rejects.toBeInstanceOf(NoAnswerError);
  };

  it.each([
    ['nothing', undefined],
    ['an error, which is an answer too', new Error('stale')],
  ])('answers with %s', async (_what, error) => {
    share.answers = false;
    const answer = heartbeat.answer();
    share.come(error);
    expect(await answer).toBe(error);
    expect(heartbeat.hang).toBeUndefined();
    expect(events).toEqual([]);
  });

  it('has one question under way for all who ask', async () => {
    share.answers = false;
    const answers = [heartbeat.answer(), heartbeat.answer(), heartbeat.answer()];
    share.come();
    await Promise.all(answers);
    expect(share.asked).toBe(1);
    await heartbeat.answer();
    expect(share.asked).toBe(2);
  });

  it('hangs when no answer comes in time, says so once, and asks no more', async () => {
    await hang();
    const started = share.asked;
    await expect(heartbeat.answer()).rejects.toBe(heartbeat.hang);
    await delay(3 * OPTIONS.everyMs);
    expect(heartbeat.hang?.message).toBe('no answer within 0.04 s');
    expect([share.asked, events]).toEqual([started, ['hang']]);
  });

  it.each([undefined, new Error('not connected')])(
    'is back with the answer, whatever it says (%s)',
    async (error) => {
      await hang();
      share.come(error);
      await delay(1);
      expect(heartbeat.hang).toBeUndefined();
      expect(events).toEqual(['hang', 'return']);
      expect(await heartbeat.answer()).toBeUndefined();
      await hang();
      expect(events).toEqual(['hang', 'return', 'hang']);
    },
  );

  it('tells each watcher once, also where two are the same, and none that has stopped', async () => {
    const told: string[] = [];
    const same = (): void => void told.push('same');
    heartbeat.watch(same);
    heartbeat.watch(same);
    const stop = heartbeat.watch(() => told.push('stopped'));
    stop();
    await hang();
    expect(told).toEqual(['same', 'same']);
    heartbeat.watch(() => told.push('late'));
    expect(told).toEqual(['same', 'same', 'late']);
  });

  it('asks by itself while somebody watches, and then no longer', async () => {
    const stop = heartbeat.watch(() => undefined);
    const another = heartbeat.watch(() => undefined);
    while (share.asked < 3) await delay(1);
    stop();
    const { asked } = share;
    while (share.asked === asked) await delay(1);
    another();
    await delay(2 * OPTIONS.everyMs);
    const atEnd = share.asked;
    await delay(4 * OPTIONS.everyMs);
    expect(share.asked).toBe(atEnd);
  });

  it('finds out for its watchers that it hangs, and begins again when it is back', async () => {
    const first = deferred<NoAnswerError>();
    share.answers = false;
    heartbeat.watch(first.resolve);
    expect(await first.promise).toBeInstanceOf(NoAnswerError);
    share.come();
    await delay(1);
    const second = deferred<NoAnswerError>();
    share.answers = false;
    heartbeat.watch(second.resolve);
    expect(await second.promise).toBeInstanceOf(NoAnswerError);
    expect(events).toEqual(['hang', 'return', 'hang']);
    share.come();
  });
});
