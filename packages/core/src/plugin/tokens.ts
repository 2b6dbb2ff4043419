/** The backend's validated options, typed by the driver: `@inject(DriverOptions) options: OptionsOf<typeof OPTIONS>`. */
export const DriverOptions = Symbol.for('scoria.DriverOptions');

/** Which backend a driver instance runs. */
export interface BackendIdentity {
  /** The section's name in the configuration. */
  readonly name: string;
  /** A directory for what the backend keeps on this host, made when missing. Absolute. */
  readonly stateDirectory: string;
}
export const BackendIdentity = Symbol.for('scoria.BackendIdentity');
