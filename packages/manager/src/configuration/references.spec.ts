import { readIni } from './read-ini.js';
import { resolveReferences } from './references.js';
import type { Setting } from './raw-configuration.js';

function resolve(...lines: string[]): (section: string, name: string) => Setting | undefined {
  const resolved = resolveReferences(readIni(lines.join('\n'), () => undefined));
  return (section, name) => resolved.get(section)?.settings.get(name);
}

describe('references', () => {
  it.each([
    ['$a', 'one'],
    ['${a}', 'one'],
    ['/$a/${a}x', '/one/onex'],
    ['$b', 'in the section'],
    ['$other.c', 'three'],
    ['${OTHER.c}', 'three'],
    ['$other.a', '$other.a'],
    ['$state_path/mnt', '/var/lib/cinder/mnt'],
    ['$$a', '$a'],
    ['\\$a', '$a'],
    ['$$$a', '$one'],
    ['\\$$a', '$one'],
    ['$\\$b', '$in the section'],
    ['$unknown ${unknown} ${', '$unknown ${unknown} ${'],
    ['5$ and $5', '5$ and $5'],
    ['$nested', 'of DEFAULT'],
    ['$constructor', '$constructor'],
  ])('%s is %s', (written, expected) => {
    const value = resolve(
      '[DEFAULT]',
      'a = one',
      'b = of DEFAULT',
      'nested = $b',
      '[other]',
      'c = three',
      '[s]',
      'b = in the section',
      `x = ${written}`,
    );
    expect(value('s', 'x')).toEqual({ value: expected, line: 9 });
  });

  it('to a name of its own are to the one of DEFAULT', () => {
    const value = resolve('[DEFAULT]', 'state_path = /a', '[scoria]', 'state_path = $state_path/b');
    expect(value('scoria', 'state_path')?.value).toBe('/a/b');
  });

  it('that go in a circle are a problem of what is in it, or refers to it, and of nothing else', () => {
    const value = resolve('[DEFAULT]', 'a = $b', 'b = x$a', 'c = $a', 'd = 1');
    for (const name of ['a', 'b', 'c'])
      expect(value('DEFAULT', name)).toMatchObject({ problem: 'it refers to itself' });
    expect(value('DEFAULT', 'd')).toEqual({ value: '1', line: 5 });
  });

  it('that multiply, or never seem to end, are a problem and take no time', () => {
    const many = Array.from({ length: 40 }, (_, i) => `a${String(i + 1)} = ${`$a${String(i)}`.repeat(10)}`);
    expect(resolve('[DEFAULT]', 'a0 = x', ...many)('DEFAULT', 'a40')?.problem).toMatch(/too long/);
    const deep = Array.from({ length: 5000 }, (_, i) => `a${String(i)} = $a${String(i + 1)}`);
    expect(resolve('[DEFAULT]', ...deep)('DEFAULT', 'a0')?.problem).toMatch(/too deep/);
    const circle = '$a'.repeat(50);
    expect(resolve('[DEFAULT]', `a = ${circle}`)('DEFAULT', 'a')?.problem).toMatch(/itself/);
  });
});
