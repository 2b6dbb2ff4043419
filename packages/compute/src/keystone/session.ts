/** A token, with the address of the service that it was asked for. */
export interface Access {
  readonly token: string;
  /** Without a slash at its end. */
  readonly endpoint: string;
}

/** Access to one service as one user. Errors are `DriverError`: `cancelled`, and `unavailable` with what to do. */
export interface ServiceSession {
  access(signal?: AbortSignal): Promise<Access>;
  /** The service has refused this access: the next one has another token, where there can be one. */
  refused(access: Access): void;
}
