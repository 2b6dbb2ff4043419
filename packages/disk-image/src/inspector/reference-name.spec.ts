import { referenceKind } from './reference-name.js';

describe('referenceKind', () => {
  it.each([
    ['volume-1', 'plain'],
    ['volume 1.qcow2', 'plain'],
    ['.hidden', 'plain'],
    ['größe', 'plain'],
    ['', 'empty'],
    ['.', 'path'],
    ['..', 'path'],
    ['./a', 'path'],
    ['a/b', 'path'],
    ['a\\b', 'path'],
    ['/a', 'absolute'],
    ['/a:b', 'absolute'],
    ['a/b:c', 'path'],
    ['json:{}', 'json'],
    ['nbd:localhost:10809', 'protocol'],
    ['file:a', 'protocol'],
    ['https://host/a', 'protocol'],
    ['a\0b', 'unprintable'],
    ['a\u{fffd}', 'unprintable'],
  ])('%j is %s', (name, kind) => {
    expect(referenceKind(name)).toBe(kind);
  });
});
