/**
 * The host that wants to use a volume, as its agent describes it (os-brick's connector properties). Only
 * what a driver needs is required of it.
 */
export interface Connector {
  /** The host's name. */
  readonly host: string;
  readonly ip?: string;
  /** The iSCSI initiator name. */
  readonly initiator?: string;
  readonly [property: string]: unknown;
}

/**
 * How a host reaches the volume, in the words of os-brick and Nova (snake case, because it is their
 * protocol). Never carries a key or a password of the backend.
 */
export interface ConnectionInfo {
  readonly driver_volume_type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly [property: string]: unknown;
}
