import { Container } from 'inversify';
import path from 'node:path';
import type { OperationContext } from '../context.js';
import { messageOf, PluginError, ScoriaError } from '../errors.js';
import { guardDriver } from '../driver/guard-driver.js';
import type { GuardedDriver } from '../driver/guard-driver.js';
import { VolumeDriver } from '../driver/volume-driver.js';
import type { BackendStats } from '../models/stats.js';
import { absolutePaths } from '../options/host-paths.js';
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
  /**
   * The calls before the first use, in the contract's order; returns the first statistics. Where one of them
   * fails, `stop` it all the same; the next try is a new backend.
   */
  start(context: OperationContext): Promise<BackendStats>;
  /** Ends the driver and lets its container go, also where the driver's `teardown` fails. */
  stop(context: OperationContext): Promise<void>;
}

export interface BackendConfiguration {
  readonly name: string;
  /** The section without `volume_driver`. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The options are text, as in an INI file. */
  readonly optionsAreText?: boolean;
  /** What relative paths in the options are relative to; the working directory unless given. */
  readonly baseDirectory?: string;
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
  const { name, baseDirectory = process.cwd() } = configuration;
  const validated = validateOptions(plugin.options, configuration.options, {
    subject: `backend ${name} (driver ${plugin.name})`,
    fromText: configuration.optionsAreText ?? false,
  });
  const options = absolutePaths(plugin.options, validated, baseDirectory);
  const container = backendContainer(root, plugin, configuration, options);
  const driver = guardDriver(await makeDriver(container, plugin), plugin.name, plugin.capabilities);
  return {
    name,
    plugin,
    options,
    driver,
    start: (context) => start(driver, context),
    stop: async (context) => {
      try {
        await driver.teardown(context);
      } finally {
        await container.unbindAllAsync();
      }
    },
  };
}

function backendContainer(
  root: Container,
  plugin: DriverPlugin,
  { name, stateDirectory }: BackendConfiguration,
  options: object,
): Container {
  const container = new Container({ parent: root });
  container
    .bind<BackendIdentity>(BackendIdentity)
    .toConstantValue({ name, stateDirectory: path.join(path.resolve(stateDirectory), name) });
  container.bind(DriverOptions).toConstantValue(options);
  container.bind<Logger>(Logger).toConstantValue(root.get<Logger>(Logger).child({ backend: name }));
  container.bind(VolumeDriver).to(plugin.driver).inSingletonScope();
  return container;
}

async function makeDriver(container: Container, plugin: DriverPlugin): Promise<VolumeDriver> {
  try {
    if (plugin.bindings !== undefined) await container.loadAsync(plugin.bindings);
    return await container.getAsync(VolumeDriver);
  } catch (cause) {
    await container.unbindAllAsync();
    if (cause instanceof ScoriaError) throw cause;
    throw new PluginError({
      code: 'plugin-failed',
      message: `the driver ${plugin.name} could not be constructed: ${messageOf(cause)}`,
      details: { driver: plugin.name },
      cause,
    });
  }
}

async function start(driver: GuardedDriver, context: OperationContext): Promise<BackendStats> {
  await driver.setup(context);
  await driver.checkForSetupError(context);
  await driver.recover(context);
  return driver.stats(context);
}
