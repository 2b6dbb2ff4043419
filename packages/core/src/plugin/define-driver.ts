import type { ContainerModule, Newable } from 'inversify';
import type { Capability } from '../driver/capabilities.js';
import type { VolumeDriver } from '../driver/volume-driver.js';
import type { OptionSchema } from '../options/option-schema.js';

/** The version of the contract in this package; a driver's `apiRange` is checked against it. */
export const API_VERSION = '1.2.0';

/** A driver's package as data. Made by {@link defineDriver}, the default export of the package. */
export interface DriverPlugin {
  /** A short name, for people: 'local', 'acme-array'. */
  readonly name: string;
  /** The contract versions the driver was written for, a semver range: '^1.0.0'. */
  readonly apiRange: string;
  readonly options: OptionSchema;
  /** Everything the driver can do beyond the abstract methods; see `CAPABILITIES`. */
  readonly capabilities: readonly Capability[];
  readonly driver: Newable<VolumeDriver>;
  /** What the driver needs besides the ports, bound in its backend's own container. */
  readonly bindings?: ContainerModule;
}

const PLUGIN = Symbol.for('scoria.DriverPlugin');

/** Declares a driver. Checked when it is loaded, not here, so that importing a package never throws. */
export function defineDriver(plugin: DriverPlugin): DriverPlugin {
  return Object.freeze(Object.assign(plugin, { [PLUGIN]: true }));
}

/** True for what {@link defineDriver} returned, in this or another copy of the package. */
export function isDriverPlugin(value: unknown): value is DriverPlugin {
  return typeof value === 'object' && value !== null && PLUGIN in value;
}
