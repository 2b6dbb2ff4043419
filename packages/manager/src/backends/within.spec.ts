import { setTimeout as delay } from 'node:timers/promises';
import { within } from './within.js';

const late = 'it takes too long';
const LONG = 60_000;

async function endless(): Promise<never> {
  return new Promise(() => undefined);
}

describe('within', () => {
  it('gives what the work gives, or what it fails with', async () => {
    const { signal } = new AbortController();
    const limit = { milliseconds: LONG, signal, late };
    await expect(within(limit, () => Promise.resolve(5))).resolves.toBe(5);
    await expect(within(limit, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it('ends the wait when the time is up, and tells the work', async () => {
    let given: AbortSignal | undefined;
    const { signal } = new AbortController();
    const waiting = within({ milliseconds: 10, signal, late }, (one) => {
      given = one;
      return endless();
    });
    await expect(waiting).rejects.toMatchObject({ code: 'timeout', message: late });
    expect(given?.aborted).toBe(true);
  });

  it('ends the wait at the stop, and what fails afterwards harms nobody', async () => {
    const stop = new AbortController();
    const waiting = within({ milliseconds: LONG, signal: stop.signal, late }, async () => {
      await delay(5);
      throw new Error('too late to be heard');
    });
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    await delay(10);
  });

  it('begins nothing after the stop', async () => {
    let begun = false;
    const work = async (): Promise<never> => {
      begun = true;
      return endless();
    };
    const waiting = within({ milliseconds: LONG, signal: AbortSignal.abort(), late }, work);
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    expect(begun).toBe(false);
  });
});
