import type { Intent } from './entry.js';
import { decodeEntry, encodeEntry } from './entry.js';

const PARENT = { pool: 'p', image: 'i', imageId: '1', snapshot: 's', snapshotId: 4 };

describe('entries of the journal', () => {
  it.each<[Intent]>([
    [{ kind: 'clone', source: 's' }],
    [{ kind: 'release', parent: PARENT }],
    [{ kind: 'release', parent: PARENT, isWaiting: true }],
    [{ kind: 'flatten' }],
    [{ kind: 'flatten', parent: PARENT }],
    [{ kind: 'flatten', isCancelled: true }],
    [{ kind: 'revert', snapshot: 's', sizeBytes: 512 }],
    [{ kind: 'purge', id: '1', name: 'n' }],
    [{ kind: 'purge', id: '1', name: 'n', parent: PARENT }],
  ])('%j is read as it was written', (intent) => {
    const owner = 'host:/state';
    expect(decodeEntry('k', encodeEntry({ owner, intent }))).toEqual({ key: 'k', owner, intent });
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['another version', '{"version":2,"owner":"o","intent":{"kind":"flatten"}}'],
    ['no owner', '{"version":1,"intent":{"kind":"flatten"}}'],
    ['an unknown intent', '{"version":1,"owner":"o","intent":{"kind":"constructor"}}'],
    ['a clone of nothing', '{"version":1,"owner":"o","intent":{"kind":"clone"}}'],
    ['half a parent', '{"version":1,"owner":"o","intent":{"kind":"release","parent":{"pool":"p"}}}'],
    ['a purge without an id', '{"version":1,"owner":"o","intent":{"kind":"purge","name":"n"}}'],
  ])('%s is none', (_, text) => {
    expect(decodeEntry('k', Buffer.from(text))).toBeUndefined();
  });
});
