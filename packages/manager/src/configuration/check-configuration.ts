import {
  loadPlugin,
  messageOf,
  OptionsError,
  PluginError,
  secretValues,
  validateOptions,
} from '@scoria/core';
import type { DriverPlugin } from '@scoria/core';
import { access, constants, stat } from 'node:fs/promises';
import path from 'node:path';
import type { BackendSection, Configuration } from '../configuration.js';
import type { DriverNames } from './backend-sections.js';
import { unknownDriver } from './backend-sections.js';
import { hasPassword } from './database-url.js';
import type { Interpreted } from './interpret.js';
import type { ConfigurationSource } from './load-configuration.js';
import { readConfiguration } from './load-configuration.js';
import { nearestName } from './nearest-name.js';
import type { ConfigurationProblem } from './problems.js';
import { ProblemList } from './problems.js';
import { baseDirectoryOf, optionsFor, specifierOf } from './section-options.js';

export interface CheckedConfiguration {
  readonly configuration: Configuration;
  readonly problems: readonly ConfigurationProblem[];
}

/** Everything that is wrong with a configuration, at once; starts and changes nothing. */
export async function checkConfiguration(source: ConfigurationSource): Promise<CheckedConfiguration> {
  const read = await readConfiguration(source);
  return new Check(source, read).run();
}

class Check {
  readonly #problems: ProblemList;
  #secrets = 0;

  constructor(
    private readonly source: ConfigurationSource,
    private readonly read: Interpreted,
  ) {
    this.#problems = new ProblemList(read.configuration.file);
    this.#problems.include(read.problems);
  }

  async run(): Promise<CheckedConfiguration> {
    const { configuration } = this.read;
    for (const section of configuration.backends)
      if (section.problem === undefined) await this.#backend(section);
    await this.#statePath(configuration.statePath);
    await this.#nova(configuration.nova);
    await this.#readers(configuration);
    return { configuration, problems: this.#problems.all };
  }

  async #backend(section: BackendSection): Promise<void> {
    const plugin = await this.#plugin(section);
    if (plugin === undefined) return;
    const { options, ignored } = optionsFor(plugin, section);
    const known = Object.keys(plugin.options.properties);
    for (const name of ignored) {
      const near = nearestName(name, known);
      const hint = near === undefined ? '' : `; did you mean ${near}?`;
      this.#problems.warning(
        this.read.placeOfOption(section.name, name),
        `backend ${section.name}: ${name} has no meaning here and is ignored${hint}`,
      );
    }
    this.#secrets += secretValues(plugin.options, options).length;
    this.#options(plugin, section, options);
  }

  async #plugin(section: BackendSection): Promise<DriverPlugin | undefined> {
    try {
      return await loadPlugin(specifierOf(section, baseDirectoryOf(this.read.configuration)));
    } catch (cause) {
      const isMissing = cause instanceof PluginError && cause.code === 'plugin-not-found';
      const text = isMissing ? notInstalled(section.driver, this.source.drivers) : messageOf(cause);
      this.#error(section.name, 'volume_driver', text);
      return undefined;
    }
  }

  #options(plugin: DriverPlugin, { name, optionsAreText }: BackendSection, options: SectionValues): void {
    try {
      validateOptions(plugin.options, options, { subject: `backend ${name}`, fromText: optionsAreText });
    } catch (cause) {
      if (!(cause instanceof OptionsError)) this.#error(name, 'volume_driver', messageOf(cause));
      else
        for (const { option, reason } of cause.problems)
          this.#error(name, option, option === '' ? reason : `${option}: ${reason}`);
    }
  }

  #error(backend: string, option: string, text: string): void {
    this.#problems.error(this.read.placeOfOption(backend, option), text, backend);
  }

  /** The state directory, or the nearest one above it that is there, has to be a directory that can be written. */
  async #statePath(statePath: string): Promise<void> {
    try {
      const existing = await nearestExisting(statePath);
      if (!(await stat(existing)).isDirectory()) throw new Error(`${existing} is not a directory`);
      await access(existing, constants.W_OK | constants.X_OK);
    } catch (cause) {
      const text = `state_path ${statePath} cannot be written: ${messageOf(cause)}`;
      this.#problems.error(this.read.placeOf('state_path'), text);
    }
  }

  /** Whether it answers is not asked: a check starts nothing. */
  async #nova(nova: Configuration['nova']): Promise<void> {
    if (nova === undefined) return;
    this.#secrets += 1;
    if (nova.insecure)
      this.#problems.warning(
        this.read.placeOf('nova.insecure'),
        'nova.insecure: whoever is between here and the compute service can read the password',
      );
    if (nova.cafile === undefined) return;
    await access(nova.cafile, constants.R_OK).catch((cause: unknown) => {
      const text = `nova.cafile ${nova.cafile ?? ''} cannot be read: ${messageOf(cause)}`;
      this.#problems.error(this.read.placeOf('nova.cafile'), text);
    });
  }

  async #readers({ file, databaseUrl }: Configuration): Promise<void> {
    if (file === undefined || (this.#secrets === 0 && !hasPassword(databaseUrl))) return;
    const { mode } = await stat(file);
    if ((mode & 0o004) === 0) return;
    this.#problems.warning(undefined, 'it has secrets in it and every user can read it; chmod o-r it');
  }
}

/** A near name says enough; else the package is perhaps the right one. */
function notInstalled(driver: string, drivers: DriverNames): string {
  const text = unknownDriver(driver, drivers);
  return text.endsWith('?') ? text : `${text}; a package has to be installed`;
}

type SectionValues = Readonly<Record<string, unknown>>;

async function nearestExisting(directory: string): Promise<string> {
  try {
    await stat(directory);
    return directory;
  } catch (cause) {
    const above = path.dirname(directory);
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT' || above === directory) throw cause;
    return nearestExisting(above);
  }
}
