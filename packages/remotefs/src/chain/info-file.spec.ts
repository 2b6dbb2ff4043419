import { formatInfo, parseInfo, sameInfo } from './info-file.js';

const A = '0f5a2f2e-7a1c-4b7e-8b0c-000000000001';

describe('formatInfo', () => {
  it("writes Cinder's bytes: one space, sorted keys, no newline at the end", () => {
    const info = { active: `volume-1.${A}`, snapshots: { zz: 'volume-1.zz', [A]: `volume-1.${A}` } };
    expect(formatInfo(info)).toBe(
      `{\n "${A}": "volume-1.${A}",\n "active": "volume-1.${A}",\n "zz": "volume-1.zz"\n}`,
    );
  });
});

describe('parseInfo', () => {
  it('reads what formatInfo wrote', () => {
    const info = { active: 'volume-1.b', snapshots: { a: 'volume-1.a', b: 'volume-1.b' } };
    expect(parseInfo(formatInfo(info), 'x')).toEqual(info);
  });

  it('takes an old record, in which a snapshot points at an older file', () => {
    const text = '{"active": "volume-1.aaaa", "bbbb": "volume-1.aaaa"}';
    expect(parseInfo(text, 'x')).toEqual({ active: 'volume-1.aaaa', snapshots: { bbbb: 'volume-1.aaaa' } });
  });

  it.each([
    ['nothing', '', /no JSON/],
    ['half a record', '{"active": "volu', /no JSON/],
    ['a list', '["active"]', /no JSON object/],
    ['null', 'null', /no JSON object/],
    ['no active file', '{"a": "volume-1.a"}', /no 'active' file/],
    ['a path', '{"active": "../etc/passwd"}', /not the plain name/],
    ['an absolute path', '{"active": "volume-1", "a": "/etc/passwd"}', /'a' is "\/etc\/passwd"/],
    ['an option', '{"active": "-f"}', /not the plain name/],
    ['a number', '{"active": 5}', /'active' is 5/],
    ['a hidden file', '{"active": ".scoria"}', /not the plain name/],
    ['a control character', '{"active": "a\\u0000b"}', /not the plain name/],
  ])('refuses %s and says what to do', (_what, text, message) => {
    expect(() => parseInfo(text, 'volume-1.info')).toThrow(message);
    expect(() => parseInfo(text, 'volume-1.info')).toThrow(/volume-1\.info is damaged.*Nothing was changed/);
  });
});

describe('sameInfo', () => {
  it.each([
    [undefined, undefined, true],
    [undefined, { active: 'a', snapshots: {} }, false],
    [{ active: 'a', snapshots: { x: 'b', y: 'c' } }, { active: 'a', snapshots: { y: 'c', x: 'b' } }, true],
    [{ active: 'a', snapshots: { x: 'b' } }, { active: 'a', snapshots: { x: 'c' } }, false],
  ])('%j and %j: %s', (a, b, expected) => {
    expect(sameInfo(a, b)).toBe(expected);
  });
});
