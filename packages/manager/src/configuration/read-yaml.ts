import type { Document, Node, Pair, YAMLMap } from 'yaml';
import { isAlias, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import { ProblemList } from './problems.js';
import type { Place } from './place.js';
import type { RawConfiguration, RawSection, Setting } from './raw-configuration.js';
import { isTooDeep } from './yaml-depth.js';
import { BAD_ALIAS, describeYamlError, NOT_A_TABLE, TOO_DEEP } from './yaml-problems.js';

/** Reads `scoria.yaml`; what cannot be read is a problem with its place, the rest is there. */
export function readYaml(file: string, text: string): RawConfiguration {
  if (isTooDeep(text)) return unreadable(file, TOO_DEEP);
  const lines = new LineCounter();
  // Its own messages would quote lines, and its warnings go to standard error.
  const quiet = { prettyErrors: false, logLevel: 'error' } as const;
  const document = parseDocument(text, { lineCounter: lines, merge: true, ...quiet });
  return new YamlReader(file, document, lines).read();
}

function unreadable(file: string, what: string): RawConfiguration {
  const problems = new ProblemList(file);
  problems.error({ line: 1 }, what);
  return { file, format: 'yaml', general: new Map(), sections: new Map(), problems: problems.all };
}

class YamlReader {
  readonly #problems: ProblemList;
  readonly #general = new Map<string, Setting>();
  readonly #sections = new Map<string, RawSection>();

  constructor(
    private readonly file: string,
    private readonly document: Document.Parsed,
    private readonly lines: LineCounter,
  ) {
    this.#problems = new ProblemList(file);
  }

  read(): RawConfiguration {
    const { contents, errors, warnings } = this.document;
    for (const error of [...errors, ...warnings])
      this.#problems.error(this.#at(error.pos[0]), describeYamlError(error));
    if (isMap(contents)) for (const pair of contents.items) this.#topLevel(pair);
    else if (contents !== null) this.#problems.error({ line: 1 }, NOT_A_TABLE);
    const { file } = this;
    const problems = this.#problems.all;
    return { file, format: 'yaml', general: this.#general, sections: this.#sections, problems };
  }

  #topLevel(pair: Pair): void {
    const name = nameOf(pair);
    const table = this.#table(pair);
    if (name !== 'backends') this.#addGeneral(name, pair);
    else if (table !== undefined) for (const item of table.items) this.#addSection(item);
    else
      this.#problems.error(
        this.#placeOf(pair),
        'backends must be a table: the name of each backend, and below it its options',
      );
  }

  /** No setting has a table in its table; and one in itself would have no end. */
  #addGeneral(name: string, pair: Pair): void {
    const items = name.includes('.') ? [] : (this.#table(pair)?.items ?? []);
    if (items.length === 0) this.#general.set(name, this.#setting(pair));
    for (const item of items) this.#addGeneral(`${name}.${nameOf(item)}`, item);
  }

  #addSection(pair: Pair): void {
    const place = this.#placeOf(pair);
    const table = this.#table(pair);
    const problem = 'it must be a table of its options; volume_driver is the first';
    const section =
      table === undefined ? { settings: new Map<string, Setting>(), problem } : this.#readSection(table);
    this.#sections.set(nameOf(pair), { ...place, ...section });
  }

  /** With what `<<` brings in from a table that other backends have too. */
  #readSection(table: YAMLMap): Pick<RawSection, 'settings' | 'problem'> {
    const written = new Map(table.items.map((item) => [nameOf(item), item]));
    const { value, problem } = this.#plain(table);
    if (problem !== undefined) return this.#settingBySetting(written, problem);
    const settings = Object.entries(value as Record<string, unknown>).map(
      ([name, one]): [string, Setting] => {
        const item = written.get(name) ?? written.get('<<');
        return [name, { value: one ?? '', ...(item === undefined ? { line: 1 } : this.#placeOf(item)) }];
      },
    );
    return { settings: new Map(settings) };
  }

  /** Where the table as a whole has no value, some of its settings have one. */
  #settingBySetting(
    written: ReadonlyMap<string, Pair>,
    problem: string,
  ): Pick<RawSection, 'settings' | 'problem'> {
    const settings = new Map([...written].map(([name, item]) => [name, this.#setting(item)]));
    const isNamed = [...settings.values()].some((setting) => setting.problem !== undefined);
    return isNamed ? { settings } : { settings, problem };
  }

  #table({ value }: Pair): YAMLMap | undefined {
    const node = isAlias(value) ? value.resolve(this.document) : value;
    return isMap(node) ? node : undefined;
  }

  #setting(pair: Pair): Setting {
    const { value, problem } = this.#plain(pair.value);
    return { value: value ?? '', ...this.#placeOf(pair), ...(problem === undefined ? {} : { problem }) };
  }

  #plain(value: unknown): { value?: unknown; problem?: string } {
    try {
      return { value: isNode(value) ? ((value as Node).toJS(this.document) as unknown) : value };
    } catch {
      // Aliases are looked up here, and what is thrown quotes them.
      return { problem: BAD_ALIAS };
    }
  }

  #placeOf({ key }: Pair): Place {
    return this.#at(isScalar(key) ? (key.range?.[0] ?? 0) : 0);
  }

  #at(offset: number): Place {
    const { line, col } = this.lines.linePos(offset);
    return { line, column: col };
  }
}

function nameOf({ key }: Pair): string {
  if (!isScalar(key)) return '(a table or a list)';
  return typeof key.value === 'symbol' ? (key.value.description ?? '') : String(key.value);
}
