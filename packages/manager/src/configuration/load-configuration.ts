import { messageOf } from '@scoria/core/basics';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Configuration } from '../configuration.js';
import { ManagerError } from '../errors.js';
import type { DriverNames } from './backend-sections.js';
import type { Interpreted } from './interpret.js';
import { interpret, sqliteIn } from './interpret.js';
import type { ConfigurationProblem } from './problems.js';
import { describeProblem } from './problems.js';
import type { RawConfiguration } from './raw-configuration.js';
import { readCinderConf } from './read-cinder-conf.js';
import {
  DEFAULT_CONCURRENCY,
  DEFAULT_LISTEN,
  DEFAULT_LOG_LEVEL,
  DEFAULT_STATS_SECONDS,
  NO_LIMIT,
} from './settings.js';

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
export function findConfigurationFile({
  file,
  env,
  cwd,
}: Pick<ConfigurationSource, 'file' | 'env' | 'cwd'>): string | undefined {
  const named = file ?? env.SCORIA_CONFIG;
  if (named !== undefined && named !== '') return path.resolve(cwd, named);
  return USUAL_NAMES.map((name) => path.join(cwd, name)).find((candidate) => existsSync(candidate));
}

/** The configuration and everything that is wrong with it, without looking at the drivers' options. */
export async function readConfiguration(source: ConfigurationSource): Promise<Interpreted> {
  const file = findConfigurationFile(source);
  if (file !== undefined) return interpret(await parse(file, await read(file)), source.drivers);
  return {
    configuration: embeddedDefault(source),
    problems: [],
    placeOf: () => undefined,
    placeOfOption: () => undefined,
  };
}

async function parse(file: string, text: string): Promise<RawConfiguration> {
  if (!/\.ya?ml$/i.test(file)) return readCinderConf(file, text);
  // Only who has YAML waits for its parser to be loaded.
  const { readYaml } = await import('./read-yaml.js');
  return readYaml(file, text);
}

/**
 * The configuration of this machine. Where only some of the enabled backends are written wrongly, they are down and
 * the others run.
 * @throws ManagerError `invalid-input` naming every error with its place
 */
export async function loadConfiguration(source: ConfigurationSource): Promise<Configuration> {
  const { configuration, problems } = await readConfiguration(source);
  const errors = problems.filter(({ level }) => level === 'error');
  if (errors.length === 0 || somethingRuns(configuration, errors)) return configuration;
  const several = errors.length === 1 ? 'an error' : `${String(errors.length)} errors`;
  throw new ManagerError({
    code: 'invalid-input',
    message: `the configuration has ${several}:\n${errors.map(describeProblem).join('\n')}`,
  });
}

function somethingRuns({ backends }: Configuration, errors: readonly ConfigurationProblem[]): boolean {
  return (
    errors.every(({ backend }) => backend !== undefined) &&
    backends.some(({ name }) => !errors.some(({ backend }) => backend === name))
  );
}

/** SQLite and one backend, all of it in `./state` of the working directory. */
function embeddedDefault({ cwd, defaultDriver }: ConfigurationSource): Configuration {
  const statePath = path.resolve(cwd, 'state');
  return {
    statePath,
    databaseUrl: sqliteIn(statePath),
    enabledBackends: ['local'],
    backends: [
      {
        name: 'local',
        driver: defaultDriver.driver,
        options: defaultDriver.options(statePath),
        optionsAreText: false,
      },
    ],
    quotas: { volumes: NO_LIMIT, snapshots: NO_LIMIT, gigabytes: NO_LIMIT },
    listen: DEFAULT_LISTEN,
    backendConcurrency: DEFAULT_CONCURRENCY,
    statsIntervalMs: DEFAULT_STATS_SECONDS * 1000,
    logLevel: DEFAULT_LOG_LEVEL,
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
