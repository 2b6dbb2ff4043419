import { RbdError, type RbdErrorCode } from '../errors.js';

export const EPERM = 1;
export const ENOENT = 2;
export const EEXIST = 17;
export const EINVAL = 22;
export const EROFS = 30;
export const ERANGE = 34;
export const EOVERFLOW = 75;
export const ETIMEDOUT = 110;
export const ECANCELED = 125;

/** What a call was, for the errors it ends with. */
export interface CallSubject {
  /** The function of librados or librbd. */
  readonly operation: string;
  /** `image rbd/volume-1`. */
  readonly object: string;
}

interface Meaning {
  readonly code: RbdErrorCode;
  readonly text: string;
}

const NOT_ALLOWED: Meaning = {
  code: 'permission',
  text: "not allowed: check the user's key and its rights (ceph auth get)",
};
const INVALID: Meaning = { code: 'invalid', text: 'the values, or the state it is in, do not allow this' };
const DISCONNECTED: Meaning = {
  code: 'disconnected',
  text: 'the connection to the cluster is gone (this client may be on its block list): connect again',
};
const CANCELLED: Meaning = { code: 'cancelled', text: 'it was ended before it was done' };

const MEANINGS: Readonly<Record<number, Meaning>> = {
  [EPERM]: NOT_ALLOWED,
  [ENOENT]: { code: 'not-found', text: 'not found' },
  13: NOT_ALLOWED,
  16: { code: 'busy', text: 'in use: it is watched, locked or protected, or has children' },
  [EEXIST]: { code: 'exists', text: 'it is there already' },
  [EINVAL]: INVALID,
  28: { code: 'no-space', text: 'the cluster or the pool is full: add room, or delete something' },
  31: { code: 'busy', text: 'it belongs to a group of images: take it out of that first' },
  [EROFS]: { code: 'read-only', text: 'opened for reading only' },
  33: INVALID,
  38: { code: 'not-supported', text: 'this cluster, or this image, cannot do it' },
  39: { code: 'not-empty', text: 'it has snapshots' },
  85: CANCELLED,
  95: { code: 'not-supported', text: 'this cluster, or this image, cannot do it' },
  107: DISCONNECTED,
  108: DISCONNECTED,
  [ETIMEDOUT]: {
    code: 'timed-out',
    text: 'no answer within the time limit: is the cluster up, and can it be reached?',
  },
  117: {
    code: 'busy',
    text: 'somebody moves it, or has died while it was moved: moving it to the trash once more ends that',
  },
  122: { code: 'quota', text: "the pool's quota is reached" },
  [ECANCELED]: CANCELLED,
};

/** The error for a number that librados or librbd gave; its sign does not matter. */
export function nativeError(result: number, subject: CallSubject, said = ''): RbdError {
  const errno = Math.abs(result);
  const meaning = MEANINGS[errno] ?? { code: 'failed', text: 'the cluster refused' };
  return rbdError(meaning.code, subject, said === '' ? meaning.text : said, { errno });
}

/** An error of this client's own. */
export function rbdError(
  code: RbdErrorCode,
  { operation, object }: CallSubject,
  text: string,
  { errno, cause }: { readonly errno?: number; readonly cause?: unknown } = {},
): RbdError {
  const number = errno === undefined ? '' : ` (error ${String(errno)})`;
  return new RbdError({
    code,
    message: `${operation} of ${object}: ${text}${number}`,
    details: { operation, object, errno },
    cause,
  });
}
