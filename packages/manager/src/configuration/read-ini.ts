import type { RawSection, Setting } from './raw-configuration.js';

/** Told what cannot be read; the text of the line is not passed on, as it may be a secret's. */
export type OnUnreadable = (line: number, what: string) => void;

type Section = RawSection & { readonly settings: Map<string, Setting> };

/**
 * Reads text in the syntax of OpenStack's configuration files, line by line as oslo.config does: `[section]`,
 * `name = value` or `name: value`, comments that begin a line with `#` or `;`, values that go on in indented lines,
 * quotes around a value. Of several values of a name the last counts. Sections are by {@link normalSectionName}.
 * (The INI packages for Node know no continuation lines, or keep no line numbers.)
 */
export function readIni(text: string, unreadable: OnUnreadable): Map<string, RawSection> {
  const reader = new IniReader(unreadable);
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  for (const [index, line] of lines.entries()) reader.take(line.trimEnd(), index + 1);
  return reader.sections;
}

/** oslo.config takes sections for the same whatever their case, except `DEFAULT`. */
export function normalSectionName(name: string): string {
  return name === 'DEFAULT' ? name : name.toLowerCase();
}

class IniReader {
  readonly sections = new Map<string, Section>();
  #section: Section | undefined;
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
    const name = /^\[(.+)\]$/s.exec(line)?.[1];
    const section = { line: number, settings: new Map<string, Setting>() };
    // What follows belongs to a section that nobody can know, and is not complained of line by line.
    if (name === undefined) this.unreadable(number, 'a section begins with its name in brackets: [name]');
    this.#section = name === undefined ? section : this.#kept(normalSectionName(name), section);
  }

  #kept(name: string, section: Section): Section {
    const kept = this.sections.get(name) ?? section;
    this.sections.set(name, kept);
    return kept;
  }

  #assign(line: string, number: number): void {
    const [, written = '', value = ''] = /^([^=:]*)[=:](.*)$/s.exec(line) ?? [];
    const name = written.trim();
    if (name === '') this.unreadable(number, 'this is neither [section] nor name = value');
    else if (this.#section === undefined) this.unreadable(number, `${name} stands in no [section]`);
    else {
      this.#section.settings.set(name, { value: unquoted(value.trim()), line: number });
      this.#open = name;
    }
  }

  #continue(more: string, number: number): void {
    const before = this.#open === undefined ? undefined : this.#section?.settings.get(this.#open);
    if (before === undefined || this.#open === undefined)
      this.unreadable(number, 'an indented line goes on with a value, and there is none above it');
    else this.#section?.settings.set(this.#open, { ...before, value: `${String(before.value)}\n${more}` });
  }
}

function unquoted(value: string): string {
  const [first] = value;
  const isQuoted = (first === '"' || first === "'") && value.endsWith(first);
  return isQuoted ? value.slice(1, -1) : value;
}
