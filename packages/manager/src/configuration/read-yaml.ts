import type { Pair } from 'yaml';
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import type {
  ConfigurationProblem,
  Place,
  RawConfiguration,
  RawSection,
  Setting,
} from './raw-configuration.js';

/** Reads `scoria.yaml`; what cannot be read is a problem with its place, the rest is there. */
export function readYaml(file: string, text: string): RawConfiguration {
  return new YamlReader(file).read(text);
}

class YamlReader {
  readonly #lines = new LineCounter();
  readonly #problems: ConfigurationProblem[] = [];
  readonly #general = new Map<string, Setting>();
  readonly #sections = new Map<string, RawSection>();

  constructor(private readonly file: string) {}

  read(text: string): RawConfiguration {
    const document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    for (const { message, pos } of [...document.errors, ...document.warnings])
      this.#problem(this.#at(pos[0]), `this is not YAML: ${message}`);
    const { contents } = document;
    if (isMap(contents)) for (const pair of contents.items) this.#topLevel(pair);
    else if (contents !== null)
      this.#problem({ line: 1 }, "the file must be a table of settings, such as 'state_path: ./state'");
    const { file } = this;
    return {
      file,
      format: 'yaml',
      general: this.#general,
      sections: this.#sections,
      problems: this.#problems,
    };
  }

  #topLevel(pair: Pair): void {
    const name = nameOf(pair);
    if (name !== 'backends') this.#addGeneral(name, pair);
    else if (isMap(pair.value)) for (const item of pair.value.items) this.#addSection(item);
    else
      this.#problem(
        this.#placeOf(pair),
        'backends must be a table: the name of each backend, and below it its options',
      );
  }

  #addGeneral(name: string, pair: Pair): void {
    if (!isMap(pair.value)) {
      this.#general.set(name, this.#setting(pair));
      return;
    }
    for (const item of pair.value.items) this.#addGeneral(`${name}.${nameOf(item)}`, item);
  }

  #addSection(pair: Pair): void {
    const place = this.#placeOf(pair);
    const name = nameOf(pair);
    if (!isMap(pair.value)) {
      this.#problem(place, `backend ${name} must be a table of its options; volume_driver is the first`);
      return;
    }
    const settings = pair.value.items.map((item): [string, Setting] => [nameOf(item), this.#setting(item)]);
    this.#sections.set(name, { ...place, settings: new Map(settings) });
  }

  #setting(pair: Pair): Setting {
    const { value } = pair;
    const plain = isScalar(value) ? value.value : toPlain(value);
    return { value: plain ?? '', ...this.#placeOf(pair) };
  }

  #placeOf({ key }: Pair): Place {
    return this.#at(isScalar(key) ? (key.range?.[0] ?? 0) : 0);
  }

  #at(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line, column: col };
  }

  #problem(place: Place, text: string): void {
    this.#problems.push({ level: 'error', file: this.file, ...place, text });
  }
}

function nameOf({ key }: Pair): string {
  return String(isScalar(key) ? key.value : key);
}

function toPlain(value: unknown): unknown {
  const node = value as { toJSON?: () => unknown } | null;
  return typeof node?.toJSON === 'function' ? node.toJSON() : value;
}
