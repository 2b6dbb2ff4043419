import { nearestName } from './nearest-name.js';
import type { ProblemList } from './problems.js';
import type { Place } from './place.js';
import type { RawConfiguration, Setting } from './raw-configuration.js';
import { CINDERS_DATABASE } from './read-cinder-conf.js';
import type { SettingDefinition } from './setting-definition.js';
import { GENERAL_SETTINGS } from './settings.js';

const NAMES = GENERAL_SETTINGS.map(({ name }) => name);

/** The settings of no backend, by their names; what is wrong with one is listed, and it is left out. */
export class GeneralSettings {
  readonly #values = new Map<string, unknown>();
  readonly #wrong = new Set<string>();

  constructor(
    raw: RawConfiguration,
    private readonly problems: ProblemList,
  ) {
    for (const [name, setting] of raw.general) {
      const definition = GENERAL_SETTINGS.find((known) => known.name === name);
      if (definition === undefined) {
        if (raw.format === 'cinder') this.#ignore(name, setting);
        else problems.error(setting, `there is no setting ${name}${hint(name)}`);
        continue;
      }
      const value = setting.problem === undefined ? definition.parse(setting.value) : undefined;
      if (value !== undefined) this.#values.set(name, value);
      else {
        this.#wrong.add(name);
        problems.error(setting, wrong(definition, setting));
      }
    }
  }

  get<T>(name: string, otherwise: T): T {
    return (this.#values.get(name) as T | undefined) ?? otherwise;
  }

  /** Whether something is written that cannot be its value. */
  isWrong(name: string): boolean {
    return this.#wrong.has(name);
  }

  #ignore(name: string, place: Place): void {
    const why =
      name === CINDERS_DATABASE
        ? "is Cinder's own database and is not touched: the records are kept in state_path/scoria"
        : `has no meaning here and is ignored${hint(name)}`;
    this.problems.warning(place, `${name} ${why}`);
  }
}

function wrong({ name, expected }: SettingDefinition, { problem }: Setting): string {
  return problem === undefined ? `${name} must be ${expected}` : `${name}: ${problem}`;
}

function hint(name: string): string {
  const near = nearestName(name, NAMES);
  return near === undefined ? '' : `; did you mean ${near}?`;
}
