import path from 'node:path';
import type { BackendSection, Configuration } from '../configuration.js';
import { nearestName } from './nearest-name.js';
import type { ConfigurationProblem, Place, RawConfiguration, RawSection } from './raw-configuration.js';
import { DEFAULT_CONCURRENCY, DEFAULT_LISTEN, DEFAULT_STATS_SECONDS, GENERAL_SETTINGS } from './settings.js';

/** The drivers that can be named without a path: packages, and other names they go by. */
export interface DriverNames {
  readonly packages: readonly string[];
  /** Cinder's class paths, by what they are here. */
  readonly aliases: Readonly<Record<string, string>>;
}

export interface Interpreted {
  readonly configuration: Configuration;
  readonly problems: readonly ConfigurationProblem[];
  /** Where an option of a backend stands, or else the backend's section. */
  placeOf(backend: string, option: string): Place | undefined;
}

/** What a file means; what is wrong is listed, and the default stands in its place. */
export function interpret(raw: RawConfiguration, drivers: DriverNames): Interpreted {
  return new Interpreter(raw, drivers).interpret();
}

class Interpreter {
  readonly #problems: ConfigurationProblem[];
  readonly #values = new Map<string, unknown>();

  constructor(
    private readonly raw: RawConfiguration,
    private readonly drivers: DriverNames,
  ) {
    this.#problems = [...raw.problems];
  }

  interpret(): Interpreted {
    this.#readGeneral();
    const enabledBackends = this.#value('enabled_backends', [] as readonly string[]);
    const backends = [...this.raw.sections].flatMap(([name, section]) => this.#backend(name, section));
    this.#compare(enabledBackends);
    return {
      configuration: this.#configuration(enabledBackends, backends),
      problems: this.#problems,
      placeOf: (backend, option) => {
        const section = this.raw.sections.get(backend);
        return section?.settings.get(option) ?? section;
      },
    };
  }

  #configuration(enabledBackends: readonly string[], backends: readonly BackendSection[]): Configuration {
    const { file, format } = this.raw;
    const written = this.#value('state_path', './state');
    // A cinder.conf's state is Cinder's own: ours is beside it, not in it.
    const own = format === 'cinder' ? path.join(written, 'scoria') : written;
    const statePath = path.resolve(path.dirname(file), own);
    const type = this.#values.get('default_volume_type') as string | undefined;
    return {
      file,
      statePath,
      databaseUrl: this.#databaseUrl(statePath),
      enabledBackends,
      backends,
      quotas: {
        volumes: this.#value('quota_volumes', -1),
        snapshots: this.#value('quota_snapshots', -1),
        gigabytes: this.#value('quota_gigabytes', -1),
      },
      listen: this.#value('listen', DEFAULT_LISTEN),
      backendConcurrency: this.#value('backend_concurrency', DEFAULT_CONCURRENCY),
      statsIntervalMs: this.#value('backend_stats_polling_interval', DEFAULT_STATS_SECONDS) * 1000,
      logLevel: this.#value('log_level', 'warn'),
      ...(type === undefined ? {} : { defaultVolumeType: type }),
    };
  }

  #databaseUrl(statePath: string): string {
    return this.#value('database.connection', `sqlite:${path.join(statePath, 'scoria.db')}`);
  }

  #value<T>(name: string, otherwise: T): T {
    return (this.#values.get(name) as T | undefined) ?? otherwise;
  }

  #readGeneral(): void {
    for (const [name, setting] of this.raw.general) {
      const definition = GENERAL_SETTINGS.find((known) => known.name === name);
      if (this.raw.format === 'cinder' && (definition === undefined || name === 'database.connection')) {
        this.#ignore(name, setting);
      } else if (definition === undefined) {
        this.#problem('error', setting, `there is no setting ${name}${this.#hint(name)}`);
      } else {
        const value = definition.parse(setting.value);
        if (value !== undefined) this.#values.set(name, value);
        else this.#problem('error', setting, `${name} must be ${definition.expected}`);
      }
    }
  }

  #ignore(name: string, place: Place): void {
    const why =
      name === 'database.connection'
        ? "is Cinder's own database and is not touched: the records are kept under state_path/scoria"
        : 'has no meaning here and is ignored';
    this.#problem('warning', place, `${name} ${why}`);
  }

  #hint(name: string): string {
    const near = nearestName(
      name,
      GENERAL_SETTINGS.map((known) => known.name),
    );
    return near === undefined ? '' : `; did you mean ${near}?`;
  }

  #backend(name: string, section: RawSection): BackendSection[] {
    const written = section.settings.get('volume_driver');
    if (written === undefined) {
      if (this.#isBackend(name))
        this.#problem('error', section, `backend ${name} does not say its volume_driver`);
      else this.#problem('warning', section, `[${name}] has no meaning here and is ignored`);
      return [];
    }
    const driver = this.#driver(String(written.value));
    if (driver === undefined) {
      this.#problem('error', written, this.#unknownDriver(name, String(written.value)));
      return [];
    }
    const options = [...section.settings].filter(([option]) => option !== 'volume_driver');
    return [
      {
        name,
        driver,
        options: Object.fromEntries(options.map(([option, { value }]) => [option, value])),
        optionsAreText: this.raw.format === 'cinder',
      },
    ];
  }

  #isBackend(name: string): boolean {
    return (
      this.raw.format === 'yaml' || this.#value('enabled_backends', [] as readonly string[]).includes(name)
    );
  }

  /** A package, a path, or another name of one; Cinder's class paths have to be ones we know. */
  #driver(written: string): string | undefined {
    const alias = this.drivers.aliases[written];
    if (alias !== undefined) return alias;
    return written.startsWith('cinder.') || written.trim() === '' ? undefined : written;
  }

  #unknownDriver(backend: string, written: string): string {
    const known = [...this.drivers.packages, ...Object.keys(this.drivers.aliases)];
    const near = nearestName(written, known);
    const hint = near === undefined ? `known are ${known.join(', ')}` : `did you mean ${near}?`;
    return `backend ${backend}: there is no driver ${JSON.stringify(written)}; ${hint}`;
  }

  #compare(enabled: readonly string[]): void {
    const place = this.raw.general.get('enabled_backends');
    if (place === undefined && this.raw.problems.length === 0)
      this.#problem('error', { line: 1 }, 'no backend is enabled: name them in enabled_backends');
    for (const name of enabled) {
      if (this.raw.sections.has(name)) continue;
      const near = nearestName(name, [...this.raw.sections.keys()]);
      const hint = near === undefined ? '' : `; did you mean ${near}?`;
      this.#problem('error', place ?? { line: 1 }, `backend ${name} is enabled and has no section${hint}`);
    }
    for (const [name, section] of this.raw.sections) {
      if (enabled.includes(name) || !section.settings.has('volume_driver')) continue;
      this.#problem('warning', section, `backend ${name} is not in enabled_backends and is not used`);
    }
  }

  #problem(level: ConfigurationProblem['level'], { line, column }: Place, text: string): void {
    this.#problems.push({
      level,
      file: this.raw.file,
      line,
      ...(column === undefined ? {} : { column }),
      text,
    });
  }
}
