import type { DriverErrorCode } from '@scoria/core';
import { DriverError, messageOf, ScoriaError } from '@scoria/core';
import type { ManagerErrorCode } from '../errors.js';
import { ManagerError } from '../errors.js';

/** What of a driver's reasons is more to a caller than "the backend refused". */
const CODES: Partial<Record<DriverErrorCode, ManagerErrorCode>> = {
  'volume-busy': 'conflict',
  'snapshot-busy': 'conflict',
  'invalid-input': 'invalid-input',
  'invalid-connector': 'invalid-input',
  'invalid-state': 'conflict',
  'not-supported': 'not-supported',
  cancelled: 'cancelled',
};

/** Anything that was thrown, as an error with a code. What no layer raised on purpose is a defect, and says so. */
export function toScoriaError(error: unknown, operation: string): ScoriaError {
  if (error instanceof ScoriaError) return error as ScoriaError;
  return new ManagerError({
    code: 'operation-failed',
    message: `${operation} failed unexpectedly: ${messageOf(error)}`,
    cause: error,
  });
}

/** What the caller of an operation is told. */
export function toManagerError(error: ScoriaError): ManagerError {
  if (error instanceof ManagerError) return error;
  const code = error instanceof DriverError ? CODES[error.code] : undefined;
  return new ManagerError({
    code: code ?? 'operation-failed',
    message: error.message,
    details: { ...error.details, code: error.code },
    cause: error,
  });
}
