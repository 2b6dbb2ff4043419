import type { DriverPlugin } from '@scoria/core';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BackendSection, Configuration } from '../configuration.js';

/** What relative paths in a configuration are relative to: its file, wherever commands are started. */
export function baseDirectoryOf({ file }: Pick<Configuration, 'file'>): string {
  return file === undefined ? process.cwd() : path.dirname(file);
}

/** What `loadPlugin` takes: a path is one of the configuration's neighbours; a package is found by its name. */
export function specifierOf({ driver }: BackendSection, baseDirectory: string): string {
  const isPath = driver.startsWith('.') || path.isAbsolute(driver);
  return isPath ? pathToFileURL(path.resolve(baseDirectory, driver)).href : driver;
}

export interface SectionOptions {
  readonly options: Readonly<Record<string, unknown>>;
  /** What the driver has no use for. */
  readonly ignored: readonly string[];
}

/**
 * The options a driver is given. A section of a `cinder.conf` is written for another program, which has options that
 * there are none of here: they are left out. In `scoria.yaml` an unknown option is an error, and stays.
 */
export function optionsFor({ options: known }: DriverPlugin, section: BackendSection): SectionOptions {
  const { options, optionsAreText } = section;
  if (!optionsAreText) return { options, ignored: [] };
  const isKnown = (name: string): boolean => Object.hasOwn(known.properties, name);
  return {
    options: Object.fromEntries(Object.entries(options).filter(([name]) => isKnown(name))),
    ignored: Object.keys(options).filter((name) => !isKnown(name)),
  };
}
