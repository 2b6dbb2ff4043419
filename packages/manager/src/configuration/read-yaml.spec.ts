import { describeProblem } from './problems.js';
import { readYaml } from './read-yaml.js';

function read(...lines: string[]): ReturnType<typeof readYaml> {
  return readYaml('s.yaml', lines.join('\n'));
}

function problemsOf(...lines: string[]): string[] {
  return read(...lines).problems.map(describeProblem);
}

describe('scoria.yaml', () => {
  it('is settings, tables of settings, and backends, each with its place', () => {
    const { general, sections, problems } = read(
      'state_path: ./state',
      'database:',
      '  connection: sqlite:/a',
      'default_volume_type:',
      'backends:',
      '  one:',
      '    volume_driver: x',
      '    pools: [a, b]',
      '    retries: 3',
      '    empty:',
    );
    expect(problems).toEqual([]);
    expect(Object.fromEntries(general)).toEqual({
      state_path: { value: './state', line: 1, column: 1 },
      'database.connection': { value: 'sqlite:/a', line: 3, column: 3 },
      default_volume_type: { value: '', line: 4, column: 1 },
    });
    expect(sections.get('one')).toMatchObject({ line: 6, column: 3 });
    expect(Object.fromEntries(sections.get('one')?.settings ?? [])).toEqual({
      volume_driver: { value: 'x', line: 7, column: 5 },
      pools: { value: ['a', 'b'], line: 8, column: 5 },
      retries: { value: 3, line: 9, column: 5 },
      empty: { value: '', line: 10, column: 5 },
    });
  });

  it('has what several backends share by an anchor and <<', () => {
    const { sections } = read(
      'backends:',
      '  one: &one',
      '    volume_driver: x',
      '    retries: 1',
      '  two:',
      '    <<: *one',
      '    retries: 2',
      '  three: *one',
    );
    expect(Object.fromEntries(sections.get('two')?.settings ?? [])).toEqual({
      volume_driver: { value: 'x', line: 6, column: 5 },
      retries: { value: 2, line: 7, column: 5 },
    });
    expect(sections.get('three')?.settings.get('retries')).toMatchObject({ value: 1 });
  });

  it('may be empty', () => {
    expect(problemsOf('')).toEqual([]);
    expect(problemsOf('# nothing')).toEqual([]);
  });

  it.each<[string, string[], string]>([
    ['a list', ['- a'], 's.yaml:1: the file must be a table of settings'],
    ['a text', ['hunter2'], 's.yaml:1: the file must be a table of settings'],
    ['backends that are no table', ['backends: [a]'], 's.yaml:1:1: backends must be a table'],
    ['a name twice', ['a: 1', 'a: 2'], 's.yaml:2:1: this is not YAML: Map keys must be unique'],
    [
      'two documents',
      ['a: 1', '---', 'b: 2'],
      's.yaml:2:1: this is not YAML: Source contains multiple documents',
    ],
    ['tabs', ['a:', '\tb: 1'], 's.yaml:2:1: this is not YAML: Tabs are not allowed as indentation'],
  ])('is not %s', (_, lines, expected) => {
    expect(problemsOf(...lines)[0]).toContain(expected);
  });

  it.each([
    'p: "hunter2',
    'p: "x" hunter2',
    'p: "\\hunter2"',
    'p: |hunter2',
    'p: !hunter2 x',
    'p: !!int hunter2',
    'p: &hunter2 &b c',
    'p: @hunter2',
    'p: hunter2: x',
    'p: {x: hunter2}}hunter2',
    'p: [hunter2',
    'p: x\n"hunter2" b',
    'p: x\n\thunter2',
    '%hunter2\n---\np: 1',
  ])('that is broken at a secret (%j) is refused without it', (text) => {
    const problems = problemsOf(text);
    expect(problems).not.toEqual([]);
    expect(problems.join('\n')).not.toContain('hunter2');
  });

  it('tells of an alias that stands for nothing at the setting, and without its name', () => {
    const { general, sections } = read(
      'listen: *hunter2',
      'backends:',
      '  one:',
      '    a: *hunter2',
      '    b: 1',
    );
    expect(general.get('listen')).toMatchObject({
      line: 1,
      problem: expect.stringMatching(/alias/) as string,
    });
    const settings = sections.get('one')?.settings;
    expect(settings?.get('a')).toMatchObject({ line: 4, column: 5, problem: expect.any(String) as string });
    expect(settings?.get('b')).toEqual({ value: 1, line: 5, column: 5 });
    expect(JSON.stringify([...general, ...(settings ?? [])])).not.toContain('hunter2');
  });

  it.each<[string, string[]]>([
    ['no table after <<', ['    <<: 5', '    a: 1']],
    ['an alias of nothing after <<', ['    <<: *no', '    a: 1']],
  ])('tells of %s', (_, lines) => {
    const one = read('backends:', '  one:', ...lines).sections.get('one');
    const all = [one?.problem, ...[...(one?.settings.values() ?? [])].map(({ problem }) => problem)];
    expect(all.filter((problem) => problem !== undefined)).toEqual([expect.stringMatching(/after <</)]);
  });

  it('tells of a backend that is no table', () => {
    expect(read('backends: {one: 5}').sections.get('one')?.problem).toMatch(/must be a table/);
  });

  it('ends with tables in themselves, bombs of aliases and abysses', () => {
    const { general } = read('a: &a', '  b: &b', '    c: *a');
    expect([...general.keys()]).toEqual(['a.b']);
    const bomb = Array.from({ length: 9 }, (_, i) => {
      const alias = i === 0 ? 'x' : `*b${String(i - 1)}`;
      return `k${String(i)}: &b${String(i)} [${Array(9).fill(alias).join(',')}]`;
    });
    expect(read(...bomb).general.get('k8')?.problem).toMatch(/too much/);
    for (const opening of ['[', '{a: ', '- ', '? ', 'a: ['])
      expect(problemsOf(opening.repeat(20_000))).toEqual([expect.stringMatching(/^s\.yaml:1: .*too deep/)]);
    const indented = Array.from({ length: 2000 }, (_, i) => `${' '.repeat(i)}a:`);
    expect(problemsOf(...indented)).toEqual([expect.stringMatching(/too deep/)]);
  });
});
