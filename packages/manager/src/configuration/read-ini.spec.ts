import { readIni } from './read-ini.js';

interface Read {
  readonly sections: Record<string, Record<string, unknown>>;
  readonly problems: string[];
}

function read(text: string): Read {
  const problems: string[] = [];
  const sections = readIni(text, (line, what) => problems.push(`${String(line)}: ${what}`));
  const plain = [...sections].map(([name, { settings }]): [string, Record<string, unknown>] => [
    name,
    Object.fromEntries([...settings].map(([option, { value }]) => [option, value])),
  ]);
  return { sections: Object.fromEntries(plain), problems };
}

/** What oslo.config 9 reads from the same text. */
describe('an INI file, as oslo.config reads it', () => {
  it.each<[string, string, Record<string, unknown>]>([
    ['= and : and the first of them', 'a = 1\nb: 2\nc = x:y\nd: x=y', { a: '1', b: '2', c: 'x:y', d: 'x=y' }],
    ['nothing as a value', 'a =\nb:', { a: '', b: '' }],
    ['comments that begin a line, and none else', '# a = 1\n; b = 2\nc = x # y ; z', { c: 'x # y ; z' }],
    ['lines that go on', 'a = 1,\n  2\n\t3\nb = 4', { a: '1,\n2\n3', b: '4' }],
    ['a comment sign in a line that goes on', 'a = 1\n  # 2', { a: '1\n# 2' }],
    ['quotes around a value', `a = "x y "\nb = 'z'\nc = "x'\nd = "`, { a: 'x y ', b: 'z', c: `"x'`, d: '' }],
    ['the last of several values', 'a = 1\nb = 2\na = 3', { a: '3', b: '2' }],
    ['lines of Windows and of old Macs', 'a = 1\r\nb = 2\rc = 3', { a: '1', b: '2', c: '3' }],
    ['separators of Unicode', 'a = x\u2028y', { a: 'x\u2028y' }],
    ['names whatever they are', '__proto__ = 1', Object.fromEntries([['__proto__', '1']])],
  ])('knows %s', (_, text, expected) => {
    expect(read(`[s]\n${text}`)).toEqual({ sections: { s: expected }, problems: [] });
  });

  it('takes sections together that differ in case, and DEFAULT for itself', () => {
    const { sections } = read('[LVM]\na = 1\n[DEFAULT]\na = 2\n[lvm]\nb = 3\n[default]\na = 4');
    expect(sections).toEqual({ lvm: { a: '1', b: '3' }, DEFAULT: { a: '2' }, default: { a: '4' } });
  });

  it('knows the lines of sections and settings, also where a value goes on', () => {
    const sections = readIni('\uFEFF[s]\n\na = 1\n  2\n[s]\nb = 3', () => undefined);
    expect(sections.get('s')).toMatchObject({ line: 1 });
    const places = [...(sections.get('s')?.settings ?? [])].map(([name, { line }]) => [name, line]);
    expect(places).toEqual([
      ['a', 3],
      ['b', 6],
    ]);
  });

  it.each<[string, string, string[]]>([
    ['a line of neither kind', '[s]\nhunter2', ['2: this is neither [section] nor name = value']],
    ['a value without a name', '[s]\n= hunter2', ['2: this is neither [section] nor name = value']],
    ['a setting before any section', 'a = hunter2', ['1: a stands in no [section]']],
    [
      'a section that is not closed, once for all that is in it',
      '[s\na = hunter2\n  b\nc = 1',
      ['1: a section begins with its name in brackets: [name]'],
    ],
    ['a section without a name', '[]', ['1: a section begins with its name in brackets: [name]']],
    [
      'a line that goes on with nothing',
      '[s]\n  hunter2\na = 1\n\n  hunter2',
      [
        '2: an indented line goes on with a value, and there is none above it',
        '5: an indented line goes on with a value, and there is none above it',
      ],
    ],
  ])('refuses %s, and does not quote it', (_, text, expected) => {
    expect(read(text).problems).toEqual(expected);
  });
});
