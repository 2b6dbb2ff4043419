import { FileNames, isPlainName, isTemporarySnapshot, temporarySnapshotId } from './file-names.js';

const V = '0f5a2f2e-7a1c-4b7e-8b0c-000000000001';
const S = '0f5a2f2e-7a1c-4b7e-8b0c-000000000002';
const names = new FileNames('volume-%s');

describe('FileNames', () => {
  it("gives Cinder's names", () => {
    expect(names.volumeFile(V)).toBe(`volume-${V}`);
    expect(names.overlay(V, S)).toBe(`volume-${V}.${S}`);
    expect(names.infoFile(V)).toBe(`volume-${V}.info`);
  });

  it.each([
    [`volume-${V}`, V],
    [`volume-${V}.${S}`, undefined],
    [`volume-${V}.info`, undefined],
    [`volume-${V.toUpperCase()}`, undefined],
    ['volume-', undefined],
    ['lost+found', undefined],
  ])('the volume of %s is %s', (name, id) => {
    expect(names.volumeIdOf(name)).toBe(id);
  });

  it.each([
    [`volume-${V}`, true],
    [`volume-${V}.${S}`, true],
    [`volume-${V}.tmp-snap-${S}`, true],
    [`volume-${S}`, false],
    [`volume-${S}.${V}`, false],
    [`volume-${V}.info`, false],
    [`volume-${V}.`, false],
    [`volume-${V}.${S}.x`, false],
    [`../volume-${V}`, false],
    [`/volume-${V}`, false],
    [`json:{}`, false],
    [`nbd:unix:/x`, false],
  ])('%s belongs to the chain: %s', (name, expected) => {
    expect(names.isOfChain(name, V)).toBe(expected);
  });

  it.each([
    [`volume-${V}`, V],
    [`volume-${V}.info`, V],
    [`volume-${V}.${S}`, undefined],
    [`volume-${V}.info.info`, undefined],
    ['.info', undefined],
  ])('the volume of which %s is the first file or the record is %s', (name, id) => {
    expect(names.volumeAt(name)).toBe(id);
  });

  it.each([
    [`volume-${V}.tmp-snap-${S}`, { volumeId: V, cloneId: S }],
    [`volume-${V}.${S}`, undefined],
    [`volume-${V}.tmp-snap-`, undefined],
    [`volume-x.tmp-snap-${S}`, undefined],
    [`.tmp-snap-${S}`, undefined],
  ])('the clone for which %s was made is %j', (name, expected) => {
    expect(names.temporaryOverlay(name)).toEqual(expected);
  });

  it('takes a template with something behind the id', () => {
    const template = new FileNames('vol-%s-data');
    expect(template.volumeIdOf(`vol-${V}-data`)).toBe(V);
    expect(template.volumeIdOf(`vol-${V}`)).toBeUndefined();
  });
});

describe('isPlainName', () => {
  it.each(['', '.', '..', '.hidden', '-f', 'a/b', 'a\nb', 'a\0', 'x'.repeat(256)])('refuses %j', (name) => {
    expect(isPlainName(name)).toBe(false);
  });

  it.each(['volume-1', 'a b', 'ü', 'x'.repeat(255)])('takes %j', (name) => {
    expect(isPlainName(name)).toBe(true);
  });
});

it('knows the temporary snapshots of clones', () => {
  expect(isTemporarySnapshot(temporarySnapshotId(V))).toBe(true);
  expect(isTemporarySnapshot(V)).toBe(false);
  expect(isTemporarySnapshot('tmp-snap-../x')).toBe(false);
});
