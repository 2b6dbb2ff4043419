import { ScoriaError } from '@scoria/core/basics';

/**
 * What a call to a Ceph cluster may raise. `details.errno` is the number librados or librbd gave, `details.operation` the
 * call, `details.object` what it was about.
 *
 * | code | errno | meaning |
 * | --- | --- | --- |
 * | `not-found` | 2 | no such pool, image, snapshot, object, key |
 * | `exists` | 17 | the name is taken |
 * | `busy` | 16 | watched, locked, protected, or with children |
 * | `not-empty` | 39 | an image that has snapshots |
 * | `invalid` | 22, 33 | the values cannot be right, or the object's state does not allow the call |
 * | `read-only` | 30 | opened for reading only, or a snapshot |
 * | `not-expired` | 1 on the trash | the entry's delay has not passed |
 * | `permission` | 1, 13 | the user's rights do not allow it |
 * | `no-space` | 28 | the cluster or pool is full |
 * | `quota` | 122 | the pool's quota is reached |
 * | `not-supported` | 38, 95 | this cluster, or this image, cannot do it |
 * | `timed-out` | 110 | no answer within the time limit |
 * | `disconnected` | 107, 108 | the connection is gone: connect again |
 * | `cancelled` | 125, 85 | the caller ended it |
 * | `closed` | | the handle was closed |
 * | `library-missing` | | librados or librbd is not installed |
 * | `failed` | any other | |
 */
export type RbdErrorCode =
  | 'not-found'
  | 'exists'
  | 'busy'
  | 'not-empty'
  | 'invalid'
  | 'read-only'
  | 'not-expired'
  | 'permission'
  | 'no-space'
  | 'quota'
  | 'not-supported'
  | 'timed-out'
  | 'disconnected'
  | 'cancelled'
  | 'closed'
  | 'library-missing'
  | 'failed';

/** An error of a Ceph cluster, of the real one and of the simulated one alike; see {@link RbdErrorCode}. */
export class RbdError extends ScoriaError<RbdErrorCode> {}

/** True for an {@link RbdError}: of one of these codes, or of any where none is named. */
export function isRbdError(error: unknown, ...codes: RbdErrorCode[]): error is RbdError {
  return error instanceof RbdError && (codes.length === 0 || codes.includes(error.code));
}
