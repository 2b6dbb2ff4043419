import semver from 'semver';
import { capabilityMismatches } from '../driver/capabilities.js';
import { VolumeDriver } from '../driver/volume-driver.js';
import { messageOf, PluginError } from '../errors.js';
import type { DriverPlugin } from './define-driver.js';
import { API_VERSION, isDriverPlugin } from './define-driver.js';

/** Imports a module by its name; a parameter so that a host can resolve names from its own place. */
export type ModuleImporter = (specifier: string) => Promise<unknown>;

const importModule: ModuleImporter = (specifier) => import(specifier);

/**
 * Imports a driver's package and checks that it fits.
 * @param specifier the package's name, or a path or file URL of a module
 * @throws PluginError `plugin-not-found`, `plugin-failed` (it threw while loading), and as {@link checkPlugin}
 */
export async function loadPlugin(specifier: string, importer = importModule): Promise<DriverPlugin> {
  const loaded = await importer(specifier).catch((cause: unknown) => {
    throw importError(specifier, cause);
  });
  const plugin = (loaded as { default?: unknown }).default;
  if (!isDriverPlugin(plugin)) {
    throw new PluginError({
      code: 'plugin-invalid',
      message: `the default export of ${specifier} is not what defineDriver() returns`,
      details: { specifier },
    });
  }
  checkPlugin(plugin);
  return plugin;
}

/**
 * Refuses a plugin that does not fit, and nothing else.
 * @throws PluginError `plugin-api-mismatch`, `plugin-invalid`, `capability-mismatch`
 */
export function checkPlugin(plugin: DriverPlugin): void {
  checkApiRange(plugin);
  if (!(plugin.driver.prototype instanceof VolumeDriver)) {
    throw new PluginError({
      code: 'plugin-invalid',
      message: `the driver class of ${plugin.name} does not extend VolumeDriver of this @scoria/core`,
    });
  }
  const mismatches = capabilityMismatches(plugin.capabilities, plugin.driver.prototype as object);
  if (mismatches.length === 0) return;
  throw new PluginError({
    code: 'capability-mismatch',
    message: `the driver ${plugin.name} ${mismatches.join('; ')}`,
    details: { driver: plugin.name, mismatches },
  });
}

function checkApiRange({ name, apiRange }: DriverPlugin): void {
  if (semver.validRange(apiRange) === null) {
    throw new PluginError({
      code: 'plugin-invalid',
      message: `the apiRange ${JSON.stringify(apiRange)} of ${name} is not a semver range such as '^1.0.0'`,
    });
  }
  if (semver.satisfies(API_VERSION, apiRange)) return;
  throw new PluginError({
    code: 'plugin-api-mismatch',
    message:
      `the driver ${name} was written for the contract ${apiRange}, and this is ${API_VERSION}; ` +
      `install a version of the driver that fits`,
    details: { driver: name, apiRange, apiVersion: API_VERSION },
  });
}

function importError(specifier: string, cause: unknown): PluginError {
  const missing =
    (cause as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND' &&
    messageOf(cause).includes(`'${specifier}'`);
  return new PluginError({
    code: missing ? 'plugin-not-found' : 'plugin-failed',
    message: missing
      ? `no package ${specifier} is installed; check volume_driver, or npm install it`
      : `the package ${specifier} failed to load: ${messageOf(cause)}`,
    details: { specifier },
    cause,
  });
}
