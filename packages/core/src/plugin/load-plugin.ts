import { fileURLToPath } from 'node:url';
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
  const prototype = checkClass(plugin);
  const mismatches = capabilityMismatches(plugin.capabilities, prototype);
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

const REQUIRED_METHODS = [
  'stats',
  'createVolume',
  'deleteVolume',
  'extendVolume',
  'createSnapshot',
  'deleteSnapshot',
  'createVolumeFromSnapshot',
  'initializeConnection',
  'terminateConnection',
  'openDevice',
] as const satisfies readonly (keyof VolumeDriver)[];

/** The class's prototype. The compiler checks all this for TypeScript; a driver may be plain JavaScript. */
function checkClass({ name, driver }: DriverPlugin): VolumeDriver {
  const prototype: unknown = (driver as { prototype?: unknown } | undefined)?.prototype;
  if (!(prototype instanceof VolumeDriver)) {
    const why = extendsAnotherCopy(prototype)
      ? 'extends the VolumeDriver of another copy of @scoria/core than this one; `npm ls @scoria/core` shows ' +
        'both: make it a peer dependency of the driver, so that there is one'
      : 'does not extend VolumeDriver of @scoria/core';
    throw new PluginError({ code: 'plugin-invalid', message: `the driver class of ${name} ${why}` });
  }
  const missing = REQUIRED_METHODS.filter((method) => typeof prototype[method] !== 'function');
  if (missing.length === 0) return prototype;
  throw new PluginError({
    code: 'plugin-invalid',
    message: `the driver class of ${name} lacks ${missing.join(', ')}; every driver has to have these methods`,
    details: { driver: name, missing },
  });
}

function extendsAnotherCopy(prototype: unknown): boolean {
  if (typeof prototype !== 'object' || prototype === null) return false;
  if ((prototype.constructor as { name?: unknown } | undefined)?.name === VolumeDriver.name) return true;
  return extendsAnotherCopy(Object.getPrototypeOf(prototype));
}

function importError(specifier: string, cause: unknown): PluginError {
  const missing = isMissing(specifier, cause);
  return new PluginError({
    code: missing ? 'plugin-not-found' : 'plugin-failed',
    message: missing
      ? `no package ${specifier} is installed; check volume_driver, or npm install it`
      : `the package ${specifier} failed to load: ${messageOf(cause)}`,
    details: { specifier },
    cause,
  });
}

/** True where Node did not find what was asked for, and not where that was found and lacks something itself. */
function isMissing(specifier: string, cause: unknown): boolean {
  if (!(cause instanceof Error) || (cause as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND')
    return false;
  const file = specifier.startsWith('file:') ? fileURLToPath(specifier) : specifier;
  const packageName = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  return [file, packageName].some((name) => cause.message.includes(`'${name}'`));
}
