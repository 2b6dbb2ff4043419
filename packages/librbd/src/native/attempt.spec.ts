import { setTimeout as sleep } from 'node:timers/promises';
import { RbdError } from '../errors.js';
import { Attempt } from './attempt.js';
import type { Patience } from './waiting.js';

const subject = { operation: 'rbd_open', object: 'image rbd/a' };

async function never(): Promise<string> {
  return new Promise(() => undefined);
}

describe('a caller', () => {
  test('gets what the work gives', async () => {
    await expect(new Attempt().wait(Promise.resolve('a'), { limitMs: 1000 }, subject)).resolves.toBe('a');
  });

  test('gets the error of the work', async () => {
    const error = new RbdError({ code: 'busy', message: 'busy' });
    await expect(new Attempt().wait(Promise.reject(error), { limitMs: 1000 }, subject)).rejects.toBe(error);
  });

  test.each<[what: string, patience: () => Patience, code: string]>([
    ['the limit', () => ({ limitMs: 5 }), 'timed-out'],
    ['a signal', () => ({ signal: AbortSignal.timeout(5) }), 'cancelled'],
    ['a signal from before', () => ({ signal: AbortSignal.abort() }), 'cancelled'],
    [
      'a signal before it begins',
      () => ({ signal: AbortSignal.timeout(5), endsByItself: true }),
      'cancelled',
    ],
  ])('gives up at %s', async (_what, patience, code) => {
    const attempt = new Attempt();
    await expect(attempt.wait(never(), patience(), subject)).rejects.toMatchObject({
      code,
      details: subject,
    });
    expect(attempt.isGivenUp).toBe(true);
  });

  test('waits for work that has begun and hears the signal itself', async () => {
    const attempt = new Attempt();
    attempt.begin();
    const waiting = attempt.wait(
      sleep(20, 'done'),
      { signal: AbortSignal.timeout(5), endsByItself: true },
      subject,
    );
    await expect(waiting).resolves.toBe('done');
  });
});

describe('work that takes as long as it takes', () => {
  test('is waited for as long as there is a word of it', async () => {
    const attempt = new Attempt();
    const words = setInterval(() => attempt.heard(), 10);
    const waiting = attempt.wait(sleep(150, 'done'), { idleMs: 50 }, subject);
    await expect(waiting).resolves.toBe('done');
    clearInterval(words);
  });

  test('is given up when there was none for too long', async () => {
    const attempt = new Attempt();
    attempt.begin();
    await expect(attempt.wait(never(), { idleMs: 5 }, subject)).rejects.toMatchObject({ code: 'timed-out' });
  });

  test('may wait for its turn', async () => {
    const attempt = new Attempt();
    await expect(attempt.wait(sleep(30, 'done'), { idleMs: 5 }, subject)).resolves.toBe('done');
  });
});

describe('what listens for the loss of work', () => {
  test('hears of it when it has not ended long after it was given up', async () => {
    const attempt = new Attempt();
    const lost = new Promise<void>((resolve) => attempt.onLost(resolve));
    await expect(attempt.wait(never(), { limitMs: 2 }, subject)).rejects.toMatchObject({ code: 'timed-out' });
    await lost;
  });

  test('hears nothing where it has ended', async () => {
    const attempt = new Attempt();
    const heard: string[] = [];
    attempt.onLost(() => heard.push('lost'));
    await expect(attempt.wait(sleep(10), { limitMs: 5 }, subject)).rejects.toMatchObject({
      code: 'timed-out',
    });
    await sleep(60);
    expect(heard).toEqual([]);
  });
});

test('what comes too late is put away', async () => {
  const late: string[] = [];
  const waiting = new Attempt().wait(sleep(30, 'handle'), { limitMs: 5 }, subject, async (handle) => {
    late.push(handle);
    return Promise.resolve();
  });
  await expect(waiting).rejects.toMatchObject({ code: 'timed-out' });
  await sleep(50);
  expect(late).toEqual(['handle']);
});

test('work that fails when nobody waits any more hurts nobody', async () => {
  const failing = sleep(20).then(() => Promise.reject(new Error('late')));
  await expect(new Attempt().wait(failing, { limitMs: 5 }, subject)).rejects.toMatchObject({
    code: 'timed-out',
  });
  await sleep(40);
});
