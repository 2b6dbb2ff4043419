import { RbdError, type RbdErrorCode } from '../errors.js';

/** The number that librados or librbd gives for each. */
const ERRNO: Readonly<Partial<Record<RbdErrorCode, number>>> = {
  'not-found': 2,
  exists: 17,
  busy: 16,
  'not-empty': 39,
  invalid: 22,
  'read-only': 30,
  'not-expired': 1,
  permission: 1,
  'no-space': 28,
  quota: 122,
  'not-supported': 95,
  'timed-out': 110,
  disconnected: 108,
  cancelled: 125,
  failed: 5,
};

/** What a call is about. */
export interface SimulatedSubject {
  /** The method of the port. */
  readonly operation: string;
  /** `image rbd/volume-1`. */
  readonly object: string;
}

export function simulatedError(code: RbdErrorCode, subject: SimulatedSubject, reason: string): RbdError {
  const { operation, object } = subject;
  const errno = ERRNO[code];
  return new RbdError({
    code,
    message: `${operation} of ${object}: ${reason}`,
    details: { operation, object, errno },
  });
}
