import { DriverError } from '@scoria/core';
import { ManagerError } from '../errors.js';

/** What a driver raised while it was only asked something, as the manager's error; anything else stays as it is. */
export function driverFailure(what: string, error: unknown): unknown {
  if (!(error instanceof DriverError)) return error;
  return new ManagerError({
    code: error.code === 'cancelled' ? 'cancelled' : 'operation-failed',
    message: `${what} cannot be told: ${error.message}`,
    details: { ...error.details, code: error.code },
    cause: error,
  });
}
