import type { Document, Node, Pair, YAMLMap } from 'yaml';
import { isAlias, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import { ProblemList } from './problems.js';
import type { Place, RawConfiguration, RawSection, Setting } from './raw-configuration.js';

/** Reads `scoria.yaml`; what cannot be read is a problem with its place, the rest is there. */
export function readYaml(file: string, text: string): RawConfiguration {
  const lines = new LineCounter();
  // Its own messages would quote lines, secrets and all.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  return new YamlReader(file, document, lines).read();
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
    for (const { message, pos } of [...errors, ...warnings])
      this.#problems.error(this.#at(pos[0]), `this is not YAML: ${message}`);
    if (isMap(contents)) for (const pair of contents.items) this.#topLevel(pair);
    else if (contents !== null)
      this.#problems.error(
        { line: 1 },
        "the file must be a table of settings, such as 'state_path: ./state'",
      );
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

  #addGeneral(name: string, pair: Pair): void {
    const items = this.#table(pair)?.items ?? [];
    if (items.length === 0) this.#general.set(name, this.#setting(pair));
    for (const item of items) this.#addGeneral(`${name}.${nameOf(item)}`, item);
  }

  #addSection(pair: Pair): void {
    const place = this.#placeOf(pair);
    const name = nameOf(pair);
    const table = this.#table(pair);
    if (table === undefined) {
      this.#problems.error(place, 'it must be a table of its options; volume_driver is the first', name);
      return;
    }
    this.#sections.set(name, { ...place, settings: this.#settings(table) });
  }

  /** With what `<<` brings in from a table that other backends have too. */
  #settings(table: YAMLMap): Map<string, Setting> {
    const written = new Map(table.items.map((item) => [nameOf(item), item]));
    const values = Object.entries(this.#plain(table) as Record<string, unknown>);
    return new Map(
      values.map(([name, value]) => {
        const item = written.get(name) ?? written.get('<<');
        return [name, { value: value ?? '', ...(item === undefined ? { line: 1 } : this.#placeOf(item)) }];
      }),
    );
  }

  #table({ value }: Pair): YAMLMap | undefined {
    const node = isAlias(value) ? value.resolve(this.document) : value;
    return isMap(node) ? node : undefined;
  }

  #setting(pair: Pair): Setting {
    return { value: this.#plain(pair.value) ?? '', ...this.#placeOf(pair) };
  }

  #plain(value: unknown): unknown {
    return isNode(value) ? ((value as Node).toJS(this.document) as unknown) : value;
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
  return String(isScalar(key) ? key.value : key);
}
