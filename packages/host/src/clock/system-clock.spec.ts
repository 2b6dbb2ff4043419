import { SystemClock } from './system-clock.js';

const clock = new SystemClock();

test('now is the time of day', () => {
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1000);
});

test('sleep waits', async () => {
  const began = performance.now();
  await clock.sleep(30);
  expect(performance.now() - began).toBeGreaterThanOrEqual(29);
});

test('sleep waits longer than a timer can', async () => {
  const controller = new AbortController();
  const sleeping = clock.sleep(2 ** 33, controller.signal);
  setTimeout(() => controller.abort(new Error('woken')), 20);
  await expect(sleeping).rejects.toThrow('woken');
});

test('sleep does not begin when it is aborted already', async () => {
  await expect(clock.sleep(10, AbortSignal.abort(new Error('no')))).rejects.toThrow('no');
});
