import type { RawSection, Setting } from './raw-configuration.js';

const REFERENCE = /\\\$|\$\$|\$(?:\{([A-Za-z_][\w.]*)\}|([A-Za-z_][\w.]*))/g;
const DEEPEST = 10;

/** Where Cinder keeps its state unless told. */
export const CINDERS_STATE = '/var/lib/cinder';
/** What a cinder.conf may refer to without saying it. */
const DEFAULTS: Readonly<Record<string, string>> = { state_path: CINDERS_STATE };

/**
 * Puts values in for `$name`, `${name}` and `$section.name`: of the same section, then of `[DEFAULT]`. `$$` and `\$`
 * are a dollar. A name that nothing has a value for stays as it is written.
 */
export function resolveReferences(sections: ReadonlyMap<string, RawSection>): Map<string, RawSection> {
  const resolver = new Resolver(sections);
  return new Map(
    [...sections].map(([section, { settings, ...place }]) => {
      const resolved = [...settings].map(([name, setting]): [string, Setting] => [
        name,
        { ...setting, value: resolver.resolve(section, String(setting.value)) },
      ]);
      return [section, { ...place, settings: new Map(resolved) }];
    }),
  );
}

class Resolver {
  constructor(private readonly sections: ReadonlyMap<string, RawSection>) {}

  resolve(section: string, value: string, depth = 0): string {
    return value.replace(REFERENCE, (written: string, braced?: string, plain?: string) => {
      const name = braced ?? plain;
      if (name === undefined) return '$';
      const found = this.#lookUp(section, name);
      if (found === undefined || depth > DEEPEST) return written;
      return this.resolve(section, found, depth + 1);
    });
  }

  #lookUp(section: string, name: string): string | undefined {
    const [group = '', ...rest] = name.split('.');
    const own = rest.length === 0 ? this.#written(section, name) : this.#written(group, rest.join('.'));
    return own ?? this.#written('DEFAULT', name) ?? DEFAULTS[name];
  }

  #written(section: string, name: string): string | undefined {
    const setting = this.sections.get(section)?.settings.get(name);
    return setting === undefined ? undefined : String(setting.value);
  }
}
