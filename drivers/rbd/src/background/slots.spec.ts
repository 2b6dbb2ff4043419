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

  it('go on after work that failed', async () => {
    const slots = new Slots(1);
    await expect(slots.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await slots.run(() => Promise.resolve(1))).toBe(1);
  });
});
