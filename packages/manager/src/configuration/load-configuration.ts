import { messageOf } from '@scoria/core/basics';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Configuration } from '../configuration.js';
import { ManagerError } from '../errors.js';
import type { DriverNames, Interpreted } from './interpret.js';
import { interpret } from './interpret.js';
import type { ConfigurationProblem, RawConfiguration } from './raw-configuration.js';
import { readCinderConf } from './read-cinder-conf.js';
import { DEFAULT_CONCURRENCY, DEFAULT_LISTEN, DEFAULT_STATS_SECONDS } from './settings.js';

/** Where a configuration is looked for. */
export interface ConfigurationSource {
  /** What the user named; comes first. */
  readonly file?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly drivers: DriverNames;
  /** The backend of the embedded default. */
  readonly defaultDriver: {
    readonly driver: string;
    readonly options: (statePath: string) => Record<string, unknown>;
  };
}

const USUAL_NAMES = ['scoria.yaml', 'scoria.yml', 'cinder.conf'];

/** The file that counts: the named one, `SCORIA_CONFIG`, or one in the working directory; `undefined`: none. */
export function findConfigurationFile({ file, env, cwd }: ConfigurationSource): string | undefined {
  const named = file ?? env.SCORIA_CONFIG;
  if (named !== undefined && named !== '') return path.resolve(cwd, named);
  return USUAL_NAMES.map((name) => path.join(cwd, name)).find((candidate) => existsSync(candidate));
}

/** The configuration and everything that is wrong with it, without looking at the drivers' options. */
export async function readConfiguration(source: ConfigurationSource): Promise<Interpreted> {
  const file = findConfigurationFile(source);
  if (file === undefined)
    return { configuration: embeddedDefault(source), problems: [], placeOf: () => undefined };
  const text = await read(file);
  return interpret(await parse(file, text), source.drivers);
}

async function parse(file: string, text: string): Promise<RawConfiguration> {
  if (!/\.ya?ml$/.test(file)) return readCinderConf(file, text);
  // Only who has YAML waits for its parser to be loaded.
  const { readYaml } = await import('./read-yaml.js');
  return readYaml(file, text);
}

/**
 * The configuration of this machine.
 * @throws ManagerError `invalid-input` naming every problem with its place
 */
export async function loadConfiguration(source: ConfigurationSource): Promise<Configuration> {
  const { configuration, problems } = await readConfiguration(source);
  const errors = problems.filter(({ level }) => level === 'error');
  if (errors.length === 0) return configuration;
  throw new ManagerError({
    code: 'invalid-input',
    message: `the configuration has ${String(errors.length)} error(s):\n${errors.map(describeProblem).join('\n')}`,
  });
}

/** `file:line:column: text`, as editors and compilers have it. */
export function describeProblem({ file, line, column, text }: ConfigurationProblem): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  return place === '' ? text : `${place}: ${text}`;
}

/** SQLite and one backend, all of it in `./state` of the working directory. */
function embeddedDefault({ cwd, defaultDriver }: ConfigurationSource): Configuration {
  const statePath = path.join(cwd, 'state');
  return {
    statePath,
    databaseUrl: `sqlite:${path.join(statePath, 'scoria.db')}`,
    enabledBackends: ['local'],
    backends: [
      {
        name: 'local',
        driver: defaultDriver.driver,
        options: defaultDriver.options(statePath),
        optionsAreText: false,
      },
    ],
    quotas: { volumes: -1, snapshots: -1, gigabytes: -1 },
    listen: DEFAULT_LISTEN,
    backendConcurrency: DEFAULT_CONCURRENCY,
    statsIntervalMs: DEFAULT_STATS_SECONDS * 1000,
    logLevel: 'warn',
  };
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new ManagerError({
      code: 'invalid-input',
      message: `the configuration ${file} cannot be read: ${messageOf(cause)}; see --config and SCORIA_CONFIG`,
      cause,
    });
  }
}
