import { NoAnswerError, OneAtATime, within } from './one-at-a-time.js';

const never = new Promise<string>(() => {});

describe('within', () => {
  it.each([
    ['passes the answer on', Promise.resolve('yes'), 'yes'],
    ['passes the error on', Promise.reject(new Error('broken')), 'broken'],
    ['gives up', never, 'no answer within 0.01 s'],
  ])('%s', async (_case, work, expected) => {
    expect(await within(10, work).catch((error: unknown) => (error as Error).message)).toBe(expected);
  });
});

describe('OneAtATime', () => {
  it('starts no second call while one hangs, and does again once it has come back', async () => {
    const calls: ((answer: string) => void)[] = [];
    const work = () => new Promise<string>((resolve) => calls.push(resolve));
    const gate = new OneAtATime<string>();

    await expect(gate.run(5, work)).rejects.toThrow(NoAnswerError);
    await expect(gate.run(5, work)).rejects.toThrow(NoAnswerError);
    expect(calls).toHaveLength(1);

    const joined = gate.run(1000, work);
    calls[0]!('late');
    expect(await joined).toBe('late');

    const next = gate.run(1000, work);
    calls[1]!('second');
    expect(await next).toBe('second');
  });

  it('tries again after a failure, also one that came when nobody was waiting any more', async () => {
    const gate = new OneAtATime<string>();
    let fail: (reason: Error) => void = () => {};
    const hanging = gate.run(5, () => new Promise((_resolve, reject) => (fail = reject)));
    await expect(hanging).rejects.toThrow(NoAnswerError);
    fail(new Error('late'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(await gate.run(5, () => Promise.resolve('again'))).toBe('again');
  });
});
