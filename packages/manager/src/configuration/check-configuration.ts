import { loadPlugin, messageOf, OptionsError, validateOptions } from '@scoria/core';
import { access, constants, stat } from 'node:fs/promises';
import path from 'node:path';
import type { BackendSection, Configuration } from '../configuration.js';
import type { Interpreted } from './interpret.js';
import type { ConfigurationSource } from './load-configuration.js';
import { readConfiguration } from './load-configuration.js';
import type { ConfigurationProblem } from './raw-configuration.js';

export interface CheckedConfiguration {
  readonly configuration: Configuration;
  readonly problems: readonly ConfigurationProblem[];
}

/** Everything that is wrong with a configuration, at once; starts and changes nothing. */
export async function checkConfiguration(source: ConfigurationSource): Promise<CheckedConfiguration> {
  const read = await readConfiguration(source);
  const { configuration, problems } = read;
  const more = await Promise.all([
    ...configuration.backends.map((section) => backendProblems(read, section)),
    statePathProblems(configuration),
    fileProblems(configuration),
  ]);
  return { configuration, problems: [...problems, ...more.flat()] };
}

async function backendProblems(read: Interpreted, section: BackendSection): Promise<ConfigurationProblem[]> {
  const { file } = read.configuration;
  const { name, driver, options, optionsAreText } = section;
  const error = (option: string, text: string): ConfigurationProblem => {
    const { line, column } = read.placeOf(name, option) ?? {};
    return {
      level: 'error',
      text: `backend ${name}: ${text}`,
      ...(file === undefined ? {} : { file }),
      ...(line === undefined ? {} : { line }),
      ...(column === undefined ? {} : { column }),
    };
  };
  try {
    const plugin = await loadPlugin(specifierOf(driver, file));
    validateOptions(plugin.options, options, { subject: `backend ${name}`, fromText: optionsAreText });
    return [];
  } catch (cause) {
    if (!(cause instanceof OptionsError)) return [error('volume_driver', messageOf(cause))];
    return cause.problems.map(({ option, reason }) =>
      error(option, option === '' ? reason : `${option}: ${reason}`),
    );
  }
}

/** What `loadPlugin` takes: a path is relative to the configuration's file. */
export function specifierOf(driver: string, file: string | undefined): string {
  if (!driver.startsWith('.')) return driver;
  const base = file === undefined ? process.cwd() : path.dirname(file);
  return new URL(driver, `file://${base}/`).href;
}

/** The state directory, or the nearest one above it that is there, has to be writable. */
async function statePathProblems({ statePath }: Configuration): Promise<ConfigurationProblem[]> {
  for (let directory = statePath; ; directory = path.dirname(directory)) {
    try {
      await access(directory, constants.W_OK | constants.X_OK);
      return [];
    } catch (cause) {
      const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
      if (isMissing && directory !== path.dirname(directory)) continue;
      return [{ level: 'error', text: `state_path ${statePath} cannot be written: ${messageOf(cause)}` }];
    }
  }
}

async function fileProblems({ file, databaseUrl }: Configuration): Promise<ConfigurationProblem[]> {
  if (file === undefined) return [];
  const { mode } = await stat(file);
  const hasPassword = /^postgres(ql)?:\/\/[^@/]*:[^@/]*@/.test(databaseUrl);
  if (!hasPassword || (mode & 0o004) === 0) return [];
  return [
    {
      level: 'warning',
      file,
      text: 'the file has a password in it and can be read by every user; chmod o-r it',
    },
  ];
}
