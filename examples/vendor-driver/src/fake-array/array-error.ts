/** What the array answers instead of doing what it was asked, with the HTTP status that goes with it. */
export const ARRAY_ERRORS = {
  bad_request: 400,
  unauthorised: 401,
  no_such_pool: 404,
  no_such_volume: 404,
  no_such_snapshot: 404,
  no_such_call: 404,
  volume_exists: 409,
  snapshot_exists: 409,
  volume_busy: 409,
  snapshot_busy: 409,
  internal: 500,
  pool_full: 507,
} as const;

export type ArrayErrorCode = keyof typeof ARRAY_ERRORS;

/** An error in the array's own words. */
export class ArrayError extends Error {
  constructor(
    readonly code: ArrayErrorCode,
    message: string,
    /** The names of what holds the object. */
    readonly heldBy?: readonly string[],
  ) {
    super(message);
  }
}
