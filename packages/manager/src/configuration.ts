import type { ComputeSettings } from '@scoria/compute';

/** One `[section]` of a backend. */
export interface BackendSection {
  readonly name: string;
  /** A package (`@scoria/driver-local`, `./my-driver.js`) that `loadPlugin` takes. */
  readonly driver: string;
  /** The section without `volume_driver`. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The options are text, as in `cinder.conf`. */
  readonly optionsAreText: boolean;
  /** Why it cannot run, whatever its driver says: it is down with this reason. */
  readonly problem?: string;
}

/** The manager's configuration: of `scoria.yaml` or of a `cinder.conf`, in one shape. */
export interface Configuration {
  /** The file it was read from; absent for the embedded default. */
  readonly file?: string;
  /** Absolute. Holds the database, the locks of processes, and a directory for each backend. */
  readonly statePath: string;
  /** `sqlite:/absolute/path` or `postgresql://user@host/db`. */
  readonly databaseUrl: string;
  readonly enabledBackends: readonly string[];
  readonly backends: readonly BackendSection[];
  /** -1: no limit. */
  readonly quotas: { readonly volumes: number; readonly snapshots: number; readonly gigabytes: number };
  readonly defaultVolumeType?: string;
  /** The compute service whose guests use volumes; absent where there is none. */
  readonly nova?: ComputeSettings;
  readonly listen: { readonly host: string; readonly port: number };
  /** Operations at a time on one backend. */
  readonly backendConcurrency: number;
  readonly statsIntervalMs: number;
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug';
}
export const Configuration = Symbol.for('scoria.Configuration');
