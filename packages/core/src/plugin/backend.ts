import { Container } from 'inversify';
import path from 'node:path';
import type { OperationContext } from '../context.js';
import { guardDriver } from '../driver/guard-driver.js';
import type { GuardedDriver } from '../driver/guard-driver.js';
import { VolumeDriver } from '../driver/volume-driver.js';
import type { BackendStats } from '../models/stats.js';
import { validateOptions } from '../options/validate-options.js';
import { Logger } from '../ports/logger.js';
import type { DriverPlugin } from './define-driver.js';
import { checkPlugin } from './load-plugin.js';
import { BackendIdentity, DriverOptions } from './tokens.js';

/** A driver with its options and its own container, ready to be started. */
export interface Backend {
  readonly name: string;
  readonly plugin: DriverPlugin;
  /** The validated options with their defaults. Secrets included: never print it whole. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly driver: GuardedDriver;
  /** The calls before the first use, in the contract's order; returns the first statistics. */
  start(context: OperationContext): Promise<BackendStats>;
  /** Ends the driver and lets its container go. */
  stop(context: OperationContext): Promise<void>;
}

export interface BackendConfiguration {
  readonly name: string;
  /** The section without `volume_driver`. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The options are text, as in an INI file. */
  readonly optionsAreText?: boolean;
  /** Where backends keep what belongs to this host; each gets a directory of its name in it. Absolute. */
  readonly stateDirectory: string;
}

/**
 * Makes a backend of a plugin: options checked, a child of `root` with the backend's identity, options, logger,
 * driver and the plugin's bindings. Nothing is started.
 * @throws PluginError, OptionsError
 */
export async function createBackend(
  root: Container,
  plugin: DriverPlugin,
  configuration: BackendConfiguration,
): Promise<Backend> {
  checkPlugin(plugin);
  const { name } = configuration;
  const options = validateOptions(plugin.options, configuration.options, {
    subject: `backend ${name} (driver ${plugin.name})`,
    fromText: configuration.optionsAreText ?? false,
  });
  const container = new Container({ parent: root });
  const stateDirectory = path.join(path.resolve(configuration.stateDirectory), name);
  container.bind<BackendIdentity>(BackendIdentity).toConstantValue({ name, stateDirectory });
  container.bind(DriverOptions).toConstantValue(options);
  container.bind<Logger>(Logger).toConstantValue(root.get<Logger>(Logger).child({ backend: name }));
  container.bind(VolumeDriver).to(plugin.driver).inSingletonScope();
  if (plugin.bindings !== undefined) await container.load(plugin.bindings);
  const driver = guardDriver(container.get(VolumeDriver), plugin.name, plugin.capabilities);
  return {
    name,
    plugin,
    options,
    driver,
    start: (context) => start(driver, context),
    stop: async (context) => {
      await driver.teardown(context);
      await container.unbindAll();
    },
  };
}

async function start(driver: GuardedDriver, context: OperationContext): Promise<BackendStats> {
  await driver.setup(context);
  await driver.checkForSetupError(context);
  await driver.recover(context);
  return await driver.stats(context);
}
