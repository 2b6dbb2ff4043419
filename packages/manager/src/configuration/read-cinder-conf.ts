import path from 'node:path';
import { ProblemList } from './problems.js';
import type { RawConfiguration, RawSection, Setting } from './raw-configuration.js';
import { normalSectionName, readIni } from './read-ini.js';
import { CINDERS_STATE, resolveReferences } from './references.js';
import { namesIn } from './settings.js';

const NOVA = 'nova';
const NONE: RawSection = { line: 1, settings: new Map() };

/** The one setting of another section that is worth a word of its own. */
export const CINDERS_DATABASE = '[database] connection';

/**
 * Reads a `cinder.conf`: `[DEFAULT]`, a section for each backend, `[backend_defaults]` below them all, `[nova]`, and
 * `[scoria]`, which Cinder does not read, for what is to be otherwise here. All values are text.
 */
export function readCinderConf(file: string, text: string): RawConfiguration {
  const problems = new ProblemList(file);
  const sections = resolveReferences(readIni(text, (line, what) => problems.error({ line }, what)));
  const general = generalOf(sections);
  return {
    file,
    format: 'cinder',
    general,
    sections: backendsOf(sections, namesIn(general.get('enabled_backends')?.value) ?? []),
    problems: problems.all,
  };
}

/** The section of the compute service, unless a backend has its name. */
function novaOf(sections: ReadonlyMap<string, RawSection>): [string, Setting][] {
  const { settings } = sections.get(NOVA) ?? NONE;
  if (settings.has('volume_driver')) return [];
  return [...settings].map(([name, setting]) => [`${NOVA}.${name}`, setting]);
}

function generalOf(sections: ReadonlyMap<string, RawSection>): Map<string, Setting> {
  const cinders = (sections.get('DEFAULT') ?? NONE).settings;
  const connection = sections.get('database')?.settings.get('connection');
  const written = cinders.get('state_path') ?? { value: CINDERS_STATE, line: 1 };
  return new Map([
    ...cinders,
    // Cinder's state is its own: ours is a directory in it.
    ['state_path', { ...written, value: path.join(String(written.value), 'scoria') }],
    ...(connection === undefined ? [] : [[CINDERS_DATABASE, connection] as const]),
    ...novaOf(sections),
    ...(sections.get('scoria') ?? NONE).settings,
  ]);
}

/** By their names in `enabled_backends`, which may be in another case than those of their sections. */
function backendsOf(
  sections: ReadonlyMap<string, RawSection>,
  enabled: readonly string[],
): Map<string, RawSection> {
  const spelt = new Map(enabled.map((name) => [normalSectionName(name), name]));
  const shared = (sections.get('backend_defaults') ?? NONE).settings;
  const general = ['DEFAULT', 'database', 'scoria', 'backend_defaults'];
  if (novaOf(sections).length > 0) general.push(NOVA);
  return new Map(
    [...sections]
      .filter(([name]) => !general.includes(name))
      .map(([name, { settings, ...place }]) => [
        spelt.get(name) ?? name,
        { ...place, settings: new Map([...shared, ...settings]) },
      ]),
  );
}
