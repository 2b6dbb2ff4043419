import { FakeClock } from './fake-clock.js';

describe('FakeClock', () => {
  it('wakes who sleeps in order, also those who go on sleeping', async () => {
    const clock = new FakeClock({ now: 0 });
    const woken: string[] = [];
    const sleep = async (name: string, ...times: number[]): Promise<void> => {
      for (const time of times) {
        await clock.sleep(time);
        woken.push(`${name} at ${String(clock.now())}`);
      }
    };
    const sleepers = [sleep('a', 30), sleep('b', 10, 10), sleep('c', 100)];
    await clock.advance(50);
    expect(woken).toEqual(['b at 10', 'b at 20', 'a at 30']);
    expect([clock.now(), clock.sleeping]).toEqual([50, 1]);
    await clock.advance(50);
    await Promise.all(sleepers);
    expect(clock.now()).toBe(100);
  });

  it('ends a sleep with the reason of its signal', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const sleep = clock.sleep(1000, controller.signal);
    controller.abort(new Error('enough'));
    await expect(sleep).rejects.toThrow('enough');
    await expect(clock.sleep(1, controller.signal)).rejects.toThrow('enough');
    expect(clock.sleeping).toBe(0);
  });

  it('advances by itself where it is told to', async () => {
    const clock = new FakeClock({ now: 0, autoAdvance: true });
    await clock.sleep(3_600_000);
    await Promise.all([clock.sleep(1000), clock.sleep(10)]);
    expect(clock.now()).toBe(3_601_000);
  });
});
