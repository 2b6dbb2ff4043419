import type { BackendSection } from '../configuration.js';
import { nearestName } from './nearest-name.js';
import type { ProblemList } from './problems.js';
import type { Place } from './place.js';
import type { RawConfiguration, RawSection } from './raw-configuration.js';

/** The drivers that can be named without a path: packages, and other names they go by. */
export interface DriverNames {
  readonly packages: readonly string[];
  /** Cinder's class paths, by what they are here. */
  readonly aliases: Readonly<Record<string, string>>;
}

/** It is a directory's name too, and part of Cinder's `host@backend#pool`. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** The enabled backends. One that is written wrongly has its problem in it, and does not stop the others. */
export function readBackends(
  raw: RawConfiguration,
  enabled: readonly string[],
  drivers: DriverNames,
  problems: ProblemList,
): BackendSection[] {
  const enabledAt = raw.general.get('enabled_backends');
  if (enabled.length === 0 && raw.problems.length === 0)
    problems.error(enabledAt ?? { line: 1 }, 'no backend is enabled: name them in enabled_backends');
  for (const [name, section] of raw.sections)
    if (!enabled.includes(name)) problems.warning(section, unused(name, section, raw.format));
  return enabled.map((name) => {
    const found = backendOf(name, raw, drivers);
    if ('section' in found) return found.section;
    for (const { place, problem } of found.problems)
      problems.error(place ?? enabledAt ?? { line: 1 }, problem, name);
    const problem = found.problems.map((one) => one.problem).join('; ');
    return { name, driver: '', options: {}, optionsAreText: false, problem };
  });
}

interface BackendProblem {
  readonly place?: Place;
  readonly problem: string;
}

function backendOf(
  name: string,
  raw: RawConfiguration,
  drivers: DriverNames,
): { section: BackendSection } | { problems: BackendProblem[] } {
  const section = raw.sections.get(name);
  if (section === undefined)
    return { problems: [{ problem: `it is enabled and has no section${hintAmong(raw, name)}` }] };
  const driver = sectionDriver(name, section, drivers);
  const problems = [...(typeof driver === 'string' ? [] : [driver]), ...settingProblems(section)];
  if (typeof driver !== 'string' || problems.length > 0) return { problems };
  const options = [...section.settings].filter(([option]) => option !== 'volume_driver');
  return {
    section: {
      name,
      driver,
      options: Object.fromEntries(options.map(([option, { value }]) => [option, value])),
      optionsAreText: raw.format === 'cinder',
    },
  };
}

function settingProblems({ settings }: RawSection): BackendProblem[] {
  return [...settings].flatMap(([option, { problem, ...place }]) =>
    problem === undefined || option === 'volume_driver' ? [] : [{ place, problem: `${option}: ${problem}` }],
  );
}

function sectionDriver(name: string, section: RawSection, drivers: DriverNames): string | BackendProblem {
  if (section.problem !== undefined) return { place: section, problem: section.problem };
  if (!PLAIN.test(name))
    return { place: section, problem: "a backend's name has letters, digits, '.', '_' and '-' only" };
  const written = section.settings.get('volume_driver');
  if (written === undefined) return { place: section, problem: 'it does not say its volume_driver' };
  if (written.problem !== undefined) return { place: written, problem: `volume_driver: ${written.problem}` };
  const driver = driverOf(String(written.value), drivers);
  return driver ?? { place: written, problem: unknownDriver(String(written.value), drivers) };
}

/** A package, a path, or another name of one; Cinder's class paths have to be ones we know. */
function driverOf(written: string, { aliases }: DriverNames): string | undefined {
  const alias = Object.hasOwn(aliases, written) ? aliases[written] : undefined;
  if (alias !== undefined) return alias;
  return written.startsWith('cinder.') || written.trim() === '' ? undefined : written;
}

/** Which names there are, or the one that was perhaps meant. */
export function unknownDriver(written: string, { packages, aliases }: DriverNames): string {
  const known = [...packages, ...Object.keys(aliases)];
  const near = nearestName(written, known);
  const hint =
    near === undefined ? `known are ${known.join(', ')}, packages and paths` : `did you mean ${near}?`;
  return `there is no driver ${JSON.stringify(written)}; ${hint}`;
}

function hintAmong({ sections }: RawConfiguration, name: string): string {
  const near = nearestName(name, [...sections.keys()]);
  return near === undefined ? '' : `; did you mean ${near}?`;
}

function unused(name: string, { settings }: RawSection, format: RawConfiguration['format']): string {
  const isBackend = format === 'yaml' || settings.has('volume_driver');
  return isBackend
    ? `backend ${name} is not in enabled_backends and is not used`
    : `[${name}] has no meaning here and is ignored`;
}
