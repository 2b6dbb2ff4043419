import type { CommandErrorCode, DriverErrorCode, LockErrorCode } from '../errors.js';
import { CommandError, DriverError, LockError } from '../errors.js';

const LOCKS: Readonly<Record<LockErrorCode, DriverErrorCode>> = {
  'lock-timeout': 'volume-busy',
  'lock-cancelled': 'cancelled',
  'lock-failed': 'unavailable',
};

const COMMANDS: Readonly<Record<CommandErrorCode, DriverErrorCode>> = {
  'command-not-found': 'unavailable',
  'command-not-allowed': 'unavailable',
  'command-failed': 'failed',
  'command-killed': 'failed',
  'command-timeout': 'timeout',
  'command-cancelled': 'cancelled',
  'command-output-too-large': 'failed',
};

/**
 * What the errors of the ports mean as an error of the contract, for drivers that let them pass. Anything else is
 * returned as it is: a defect stays one.
 */
export function toDriverError(error: unknown): unknown {
  if (error instanceof LockError) return asDriverError(LOCKS[error.code], error);
  if (error instanceof CommandError) return asDriverError(COMMANDS[error.code], error);
  return error;
}

function asDriverError(code: DriverErrorCode, cause: LockError | CommandError): DriverError {
  return new DriverError({ code, message: cause.message, details: cause.details, cause });
}
