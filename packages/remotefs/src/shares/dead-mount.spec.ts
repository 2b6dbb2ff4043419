import { isDeadMount, mayBeDead } from './dead-mount.js';
import { NoAnswerError } from './one-at-a-time.js';

const coded = (code: string): Error => Object.assign(new Error(code), { code });

const TABLE: readonly [what: string, problem: Error, isDead: boolean][] = [
  ['not connected', coded('ENOTCONN'), true],
  ['a connection that has just ended', coded('ECONNABORTED'), true],
  ['no such attribute', coded('ENODATA'), false],
  ['no attributes at all', coded('EOPNOTSUPP'), false],
  ['a stale handle', coded('ESTALE'), false],
  ['an input/output error', coded('EIO'), false],
  ['no right', coded('EACCES'), false],
  ['no directory', coded('ENOENT'), false],
  ['a time limit of the server', coded('ETIMEDOUT'), false],
  ['no answer', new NoAnswerError(1), false],
  ['an error without a code', new Error('x'), false],
];

test.each(TABLE)('of %s, an answer of a mount may mean that it is dead', (_what, problem, isDead) => {
  expect(mayBeDead(problem)).toBe(isDead);
});

test('a mount that answers is not taken for dead', async () => {
  expect(mayBeDead(undefined)).toBe(false);
  expect(await isDeadMount('/mnt/x', async () => Promise.resolve(0))).toBe(false);
});

test.each(TABLE)(
  'of %s, the answer for its attribute tells whether it is dead',
  async (_what, problem, isDead) => {
    const asked: unknown[] = [];
    const answer = isDeadMount('/mnt/x', async (...args) => {
      asked.push(...args);
      return Promise.reject(problem);
    });
    expect(await answer).toBe(isDead);
    expect(asked).toEqual(['/mnt/x', 'security.selinux']);
  },
);

test('one that gives no answer about its attribute lives', async () => {
  expect(await isDeadMount('/mnt/x', async () => new Promise<never>(() => undefined), 5)).toBe(false);
});

test('a directory of the machine is not a dead mount', async () => {
  expect(await isDeadMount('/')).toBe(false);
});
