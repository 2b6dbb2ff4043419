import type { ConfigurationProblem, RawConfiguration, RawSection, Setting } from './raw-configuration.js';

const SECTION = /^\[([^\]]+)\]\s*$/;
const COMMENT = /^\s*[#;]/;
const ASSIGNMENT = /^([^=:\s][^=:]*?)\s*[=:]\s*(.*)$/;
const REFERENCE = /\$(?:\$|\{(?:(\w+)\.)?(\w+)\}|(?:(\w+)\.)?(\w+))/g;

interface MutableSection {
  readonly line: number;
  readonly settings: Map<string, Setting>;
}

/** Settings that Cinder keeps in sections of their own and Scoria reads too. */
const GENERAL_SECTIONS = ['DEFAULT', 'database', 'scoria'];

/**
 * Reads a `cinder.conf` in the syntax of oslo.config: sections, comments, values that go on in indented lines, the
 * last of several values, `$name`, `${section.name}` and `$$`. All values are text.
 */
export function readCinderConf(file: string, text: string): RawConfiguration {
  const problems: ConfigurationProblem[] = [];
  const written = parse(text, (line, what) => problems.push({ level: 'error', file, line, text: what }));
  const sections = resolveReferences(written);
  const general = new Map<string, Setting>();
  const backends = new Map<string, RawSection>();
  const shared = sections.get('backend_defaults')?.settings ?? new Map<string, Setting>();
  for (const [name, section] of sections) {
    if (GENERAL_SECTIONS.includes(name)) {
      const prefix = name === 'DEFAULT' || name === 'scoria' ? '' : `${name}.`;
      for (const [option, setting] of section.settings) general.set(`${prefix}${option}`, setting);
    } else if (name !== 'backend_defaults') {
      backends.set(name, { ...section, settings: new Map([...shared, ...section.settings]) });
    }
  }
  return { file, format: 'cinder', general, sections: backends, problems };
}

function parse(text: string, problem: (line: number, what: string) => void): Map<string, MutableSection> {
  const sections = new Map<string, MutableSection>();
  let section: MutableSection | undefined;
  let last: string | undefined;
  for (const [index, written] of text.split(/\r?\n/).entries()) {
    const line = index + 1;
    const name = SECTION.exec(written)?.[1];
    if (written.trim() === '' || COMMENT.test(written)) continue;
    if (name !== undefined) {
      section = sections.get(name) ?? { line, settings: new Map() };
      sections.set(name, section);
      last = undefined;
    } else if (/^\s/.test(written) && section !== undefined && last !== undefined) {
      continueValue(section, last, written.trim());
    } else {
      last = assign(section, written, line, problem);
    }
  }
  return sections;
}

function continueValue(section: MutableSection, name: string, more: string): void {
  const before = section.settings.get(name);
  if (before === undefined) return;
  section.settings.set(name, { ...before, value: `${String(before.value)}\n${more}`.trim() });
}

function assign(
  section: MutableSection | undefined,
  written: string,
  line: number,
  problem: (line: number, what: string) => void,
): string | undefined {
  const [, name, value] = ASSIGNMENT.exec(written) ?? [];
  if (name === undefined || value === undefined) {
    problem(line, 'this is neither [section] nor name = value');
    return undefined;
  }
  if (section === undefined) {
    problem(line, `${name} stands before the first [section]; put it below [DEFAULT]`);
    return undefined;
  }
  section.settings.set(name, { value: unquoted(value), line });
  return name;
}

function unquoted(value: string): string {
  const trimmed = value.trim();
  const quoted = /^(["'])(.*)\1$/.exec(trimmed);
  return quoted?.[2] ?? trimmed;
}

/** A name that nothing has a value for stays as it is written. */
function resolveReferences(sections: ReadonlyMap<string, MutableSection>): Map<string, RawSection> {
  const lookUp = (section: string, name: string): Setting | undefined =>
    sections.get(section)?.settings.get(name) ?? sections.get('DEFAULT')?.settings.get(name);
  const resolve = (section: string, value: string, depth: number): string =>
    value.replace(REFERENCE, (written, group1?: string, name1?: string, group2?: string, name2?: string) => {
      if (written === '$$') return '$';
      const found = lookUp(group1 ?? group2 ?? section, name1 ?? name2 ?? '');
      if (found === undefined || depth > 10) return written;
      return resolve(section, String(found.value), depth + 1);
    });
  return new Map(
    [...sections].map(([name, { line, settings }]) => [
      name,
      {
        line,
        settings: new Map(
          [...settings].map(([option, setting]) => [
            option,
            { ...setting, value: resolve(name, String(setting.value), 0) },
          ]),
        ),
      },
    ]),
  );
}
