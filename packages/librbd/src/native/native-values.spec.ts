import { checkCount, checkName, checkText, checkTransfer, shown } from './arguments.js';
import { monitorAddresses, poolUsageOf } from './cluster-answers.js';
import { merged } from './diff.js';
import { nativeError } from './errno.js';
import { featureBits, featureNames } from './features.js';
import { textsIn } from './words.js';

const invalid = expect.objectContaining({ code: 'invalid' }) as Error;
const subject = { operation: 'rbd_open', object: 'image rbd/a' };

test.each([
  [-1, 'permission'],
  [-2, 'not-found'],
  [-13, 'permission'],
  [-16, 'busy'],
  [-17, 'exists'],
  [-22, 'invalid'],
  [-28, 'no-space'],
  [-30, 'read-only'],
  [-33, 'invalid'],
  [-39, 'not-empty'],
  [-85, 'cancelled'],
  [-95, 'not-supported'],
  [-107, 'disconnected'],
  [-108, 'disconnected'],
  [-110, 'timed-out'],
  [-122, 'quota'],
  [-125, 'cancelled'],
  [-5, 'failed'],
  [5, 'failed'],
])('%d is %s, and says of what', (result, code) => {
  const error = nativeError(result, subject);
  expect(error).toMatchObject({ code, details: { ...subject, errno: Math.abs(result) } });
  expect(error.message).toMatch(/^rbd_open of image rbd\/a: .+ \(error \d+\)$/);
});

test.each([0, 1, 2 ** 53 - 1])('%d is a number of bytes', (value) => {
  expect(() => checkCount(value, 'the size', subject)).not.toThrow();
});

test.each([-1, 0.5, NaN, Infinity, 2 ** 53, '1', 1n, null, undefined, {}])('%p is none', (value) => {
  expect(() => checkCount(value, 'the size', subject)).toThrow(invalid);
});

test('a transfer has a limit', () => {
  expect(() => checkTransfer(2 ** 29, subject)).not.toThrow();
  expect(() => checkTransfer(2 ** 29 + 1, subject)).toThrow(invalid);
});

test.each(['a\0b', 7, null, undefined, ['a']])('%p is no text', (value) => {
  expect(() => checkText(value, 'the name', subject)).toThrow(invalid);
});

test('nothing is text, and no name', () => {
  expect(() => checkText('', 'the value', subject)).not.toThrow();
  expect(() => checkName('', 'the name', subject)).toThrow(invalid);
});

test.each([
  ['a\0b', 'a\\0b'],
  [{ id: 'abc' }, 'with the id abc'],
  [undefined, 'undefined'],
])('%p is shown as %s', (value, expected) => {
  expect(shown(value)).toBe(expected);
});

test.each([
  [['layering'], 1n],
  [['layering', 'exclusive-lock', 'object-map', 'fast-diff', 'deep-flatten'], 61n],
  [[], 0n],
])('the features %p are %d', (names, bits) => {
  expect(featureBits(names, subject)).toBe(bits);
  expect(featureNames(bits)).toEqual(names);
});

test('a feature of a later version has a number', () => {
  expect(featureNames((1n << 63n) | 1n)).toEqual(['layering', 'feature-63']);
});

test('extents are put in order, and those that touch made one', () => {
  const extents = [
    { offset: 30, length: 5, exists: false },
    { offset: 10, length: 10, exists: true },
    { offset: 0, length: 10, exists: true },
    { offset: 20, length: 10, exists: false },
    { offset: 36, length: 1, exists: false },
  ];
  expect(merged(extents)).toEqual([
    { offset: 0, length: 20, exists: true },
    { offset: 20, length: 15, exists: false },
    { offset: 36, length: 1, exists: false },
  ]);
});

test('monitors are told by each of their addresses', () => {
  const addresses = [
    { type: 'v2', addr: '[2001:db8::1]:3300', nonce: 0 },
    { type: 'v1', addr: '10.0.0.1:6789', nonce: 0 },
  ];
  expect(monitorAddresses({ mons: [{ public_addrs: { addrvec: addresses } }] })).toEqual([
    { host: '2001:db8::1', port: 3300, protocol: 'v2' },
    { host: '10.0.0.1', port: 6789, protocol: 'v1' },
  ]);
});

test.each([
  [0, undefined],
  [100, 100],
])('a quota of %d is %s', (quota, quotaBytes) => {
  const answer = { pools: [{ name: 'a', stats: { stored: 7, max_avail: 9, quota_bytes: quota } }] };
  expect(poolUsageOf(answer, 'a')).toEqual({ storedBytes: 7, availableBytes: 9, quotaBytes });
  expect(poolUsageOf(answer, 'b')).toBeUndefined();
});

test.each([
  ['', []],
  ['a\0', ['a']],
  ['a\0\0', ['a', '']],
  ['a\0b\0', ['a', 'b']],
])('%j is %j', (memory, texts) => {
  expect(textsIn(Buffer.from(memory), memory.length)).toEqual(texts);
});
