import type { RawSection, Setting } from './raw-configuration.js';

/** Told what cannot be read; the text of the line is not passed on, as it may be a secret's. */
export type OnUnreadable = (line: number, what: string) => void;

/**
 * Reads text in the syntax of OpenStack's configuration files, line by line as oslo.config does: `[section]`,
 * `name = value` or `name: value`, comments that begin a line with `#` or `;`, values that go on in indented lines,
 * quotes around a value. Of several values of a name the last counts. (The INI packages for Node know no
 * continuation lines, or keep no line numbers.)
 */
export function readIni(text: string, unreadable: OnUnreadable): Map<string, RawSection> {
  const reader = new IniReader(unreadable);
  for (const [index, line] of text.split(/\r?\n/).entries()) reader.take(line.trimEnd(), index + 1);
  return reader.sections;
}

class IniReader {
  readonly sections = new Map<string, RawSection & { readonly settings: Map<string, Setting> }>();
  #section: string | undefined;
  /** What an indented line goes on with. */
  #open: string | undefined;

  constructor(private readonly unreadable: OnUnreadable) {}

  take(line: string, number: number): void {
    if (/^[ \t]/.test(line)) {
      this.#continue(line.trim(), number);
      return;
    }
    this.#open = undefined;
    if (line === '' || line.startsWith('#') || line.startsWith(';')) return;
    if (line.startsWith('[')) this.#begin(line, number);
    else this.#assign(line, number);
  }

  #begin(line: string, number: number): void {
    const name = /^\[(.+)\]$/.exec(line)?.[1];
    // What follows belongs to no section that could be known.
    this.#section = name;
    if (name === undefined) this.unreadable(number, 'a section begins with its name in brackets: [name]');
    else if (!this.sections.has(name)) this.sections.set(name, { line: number, settings: new Map() });
  }

  #assign(line: string, number: number): void {
    const [, written = '', value = ''] = /^([^=:]*)[=:](.*)$/.exec(line) ?? [];
    const name = written.trim();
    const section = this.sections.get(this.#section ?? '');
    if (name === '') this.unreadable(number, 'this is neither [section] nor name = value');
    else if (section === undefined) this.unreadable(number, `${name} stands in no [section]`);
    else {
      section.settings.set(name, { value: unquoted(value.trim()), line: number });
      this.#open = name;
    }
  }

  #continue(more: string, number: number): void {
    const settings = this.sections.get(this.#section ?? '')?.settings;
    const before = settings?.get(this.#open ?? '');
    if (settings === undefined || this.#open === undefined || before === undefined)
      this.unreadable(number, 'an indented line goes on with a value, and there is none above it');
    else settings.set(this.#open, { ...before, value: `${String(before.value)}\n${more}` });
  }
}

function unquoted(value: string): string {
  const [first] = value;
  const isQuoted = (first === '"' || first === "'") && value.endsWith(first);
  return isQuoted ? value.slice(1, -1) : value;
}
