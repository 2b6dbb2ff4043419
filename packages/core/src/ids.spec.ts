import { isUuid } from './ids.js';

describe('isUuid', () => {
  it.each([
    ['11111111-2222-4333-8444-555555555555', true],
    ['00000000-0000-0000-0000-000000000000', true],
    ['ABCDEF12-2222-4333-8444-555555555555', false],
    ['111111112222433384445555555555555555', false],
    ['{11111111-2222-4333-8444-555555555555}', false],
    ['11111111-2222-4333-8444-555555555555\n', false],
    ['../../etc/passwd', false],
    ['--help', false],
    ['', false],
  ])('%j: %s', (text, expected) => {
    expect(isUuid(text)).toBe(expected);
  });
});
