import { deferred } from '@scoria/testkit';
import { Slots } from './slots.js';

describe('Slots', () => {
  it.each([
    [1, 1],
    [3, 3],
    [0, 5],
  ])('of %i let %i of five go on at a time', async (count, expected) => {
    const slots = new Slots(count);
    let running = 0;
    let most = 0;
    const gates = Array.from({ length: 5 }, () => deferred());
    const ends = gates.map(async (gate) =>
      slots.run(async () => {
        running += 1;
        most = Math.max(most, running);
        await gate.promise;
        running -= 1;
      }),
    );
    for (const gate of gates) {
      gate.resolve();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(ends);
    expect(most).toBe(expected);
  });

  it('give up work that is cancelled before its turn, and go on', async () => {
    const slots = new Slots(1);
    const gate = deferred();
    const first = slots.run(() => gate.promise);
    const controller = new AbortController();
    const second = slots.run(() => Promise.resolve('second'), controller.signal);
    const third = slots.run(() => Promise.resolve('third'));
    controller.abort(new Error('not any more'));
    await expect(second).rejects.toThrow('not any more');
    gate.resolve();
    expect(await Promise.all([first, third])).toEqual([undefined, 'third']);
  });

  it('go on after work that failed', async () => {
    const slots = new Slots(1);
    await expect(slots.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await slots.run(() => Promise.resolve(1))).toBe(1);
  });
});
