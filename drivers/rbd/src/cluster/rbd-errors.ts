import { DriverError, messageOf } from '@scoria/core';
import type { DriverErrorCode } from '@scoria/core';
import { RbdError } from '@scoria/librbd';
import type { RbdErrorCode } from '@scoria/librbd';

const CODES: Readonly<Record<RbdErrorCode, DriverErrorCode>> = {
  'not-found': 'volume-not-found',
  exists: 'already-exists',
  busy: 'volume-busy',
  'not-empty': 'volume-busy',
  invalid: 'failed',
  'read-only': 'failed',
  'not-expired': 'failed',
  permission: 'failed',
  'no-space': 'no-space',
  quota: 'no-space',
  'not-supported': 'not-supported',
  'timed-out': 'unavailable',
  disconnected: 'unavailable',
  cancelled: 'cancelled',
  closed: 'unavailable',
  'library-missing': 'unavailable',
  failed: 'failed',
};

/** What an error of the cluster means as an error of the contract; anything else is returned as it is. */
export function asDriverError(error: unknown, operation: string): unknown {
  if (!(error instanceof RbdError)) return error;
  return new DriverError({
    code: CODES[error.code],
    message: `${operation}: ${messageOf(error)}`,
    details: error.details,
    cause: error,
  });
}
