import type { RawSection, Setting } from './raw-configuration.js';
import { normalSectionName } from './read-ini.js';

const REFERENCE = /\$\$|\$(?:\{([A-Za-z_][\w.]*)\}|([A-Za-z_][\w.]*))/g;
const DEEPEST = 100;
const LONGEST = 65_536;

/** Where Cinder keeps its state unless told. */
export const CINDERS_STATE = '/var/lib/cinder';
/** What a cinder.conf may refer to without saying it. */
const DEFAULTS: ReadonlyMap<string, string> = new Map([['state_path', CINDERS_STATE]]);

/**
 * Puts values in for `$name`, `${name}` and `$section.name`: of the same section, then of `[DEFAULT]`. `$$` and `\$`
 * are a dollar. A name that nothing has a value for stays as it is written.
 */
export function resolveReferences(sections: ReadonlyMap<string, RawSection>): Map<string, RawSection> {
  const resolver = new Resolver(sections);
  return new Map(
    [...sections].map(([section, { settings, ...place }]) => {
      const names = [...settings.keys()];
      const resolved = names.map((name) => [name, resolver.resolved({ section, name })] as const);
      return [section, { ...place, settings: new Map(resolved) }];
    }),
  );
}

/** One setting of one section. */
interface Home {
  readonly section: string;
  readonly name: string;
}

class Resolver {
  readonly #resolved = new Map<string, Setting>();
  /** Whose values are being made up, each referred to by the one before it. */
  readonly #open = new Set<string>();

  constructor(private readonly sections: ReadonlyMap<string, RawSection>) {}

  resolved(home: Home): Setting {
    const key = keyOf(home);
    const known = this.#resolved.get(key);
    if (known !== undefined) return known;
    this.#open.add(key);
    const setting = this.#resolve(home, this.#written(home) ?? { value: '', line: 1 });
    this.#open.delete(key);
    this.#resolved.set(key, setting);
    return setting;
  }

  #resolve({ section }: Home, setting: Setting): Setting {
    let problem: string | undefined;
    let length = 0;
    const put = (written: string, name: string | undefined): string => {
      if (name === undefined) return '$';
      const found = this.#lookUp(section, name);
      problem ??= found.problem;
      const value = found.problem === undefined ? (found.value ?? written) : written;
      length += value.length;
      if (length > LONGEST) problem ??= 'with what it refers to it is too long';
      return problem === undefined ? value : '';
    };
    const text = String(setting.value).replaceAll('\\$', () => '$$');
    const value = text.replace(REFERENCE, (written: string, braced?: string, plain?: string) =>
      put(written, braced ?? plain),
    );
    return problem === undefined ? { ...setting, value } : { ...setting, problem };
  }

  /** Values that refer to others are what they are where they stand. */
  #lookUp(section: string, name: string): { value?: string; problem?: string } {
    const homes = homesOf(section, name).filter((home) => this.#written(home) !== undefined);
    const home = homes.find((one) => !this.#open.has(keyOf(one)));
    if (home === undefined) {
      const value = DEFAULTS.get(name);
      if (value !== undefined) return { value };
      return homes.length === 0 ? {} : { problem: 'it refers to itself' };
    }
    if (this.#open.size >= DEEPEST) return { problem: 'it refers to others that refer to others, too deep' };
    const { value, problem } = this.resolved(home);
    return problem === undefined ? { value: String(value) } : { problem };
  }

  #written({ section, name }: Home): Setting | undefined {
    return this.sections.get(section)?.settings.get(name);
  }
}

/** Where a name may stand that is referred to in a section, the first place first. */
function homesOf(section: string, name: string): Home[] {
  const [group = '', ...rest] = name.split('.');
  const own =
    rest.length === 0 ? { section, name } : { section: normalSectionName(group), name: rest.join('.') };
  return [own, { section: 'DEFAULT', name }];
}

function keyOf({ section, name }: Home): string {
  return JSON.stringify([section, name]);
}
