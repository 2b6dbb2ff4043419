import type { ImageLock } from '../model/image.js';
import type { SimulatedProcess } from './process.js';
import type { SimulatedCeph } from './simulated-ceph.js';
import { simulatedError, type SimulatedSubject } from './simulated-error.js';
import type { ImageState } from './state/image-state.js';

/** The tag of locks that librbd takes by itself. */
const BY_LIBRBD = 'internal';

/** The lock a caller has taken, or the one librbd has taken by itself. */
export function locksOf(image: ImageState): ImageLock | undefined {
  if (image.lockOwner === undefined) return image.lock;
  const watcher = image.watchers.get(image.lockOwner);
  if (watcher === undefined) return undefined;
  const { id, address, cookie } = watcher;
  const locker = { client: `client.${id}`, cookie: `auto ${String(cookie)}`, address };
  return { tag: BY_LIBRBD, isExclusive: true, lockers: [locker] };
}

/** @throws RbdError `exists`, `busy` */
export function lockFor(
  image: ImageState,
  { clientName, address }: SimulatedProcess,
  cookie: string,
  subject: SimulatedSubject,
): void {
  const held = locksOf(image);
  if (held !== undefined) {
    const isOurs = holds(held, clientName, cookie);
    throw simulatedError(isOurs ? 'exists' : 'busy', subject, 'it is locked already');
  }
  image.lock = { tag: '', isExclusive: true, lockers: [{ client: clientName, cookie, address }] };
}

/** @throws RbdError `not-found` */
export function unlock(
  image: ImageState,
  clientName: string,
  cookie: string,
  subject: SimulatedSubject,
): void {
  const held = locksOf(image);
  if (held === undefined || !holds(held, clientName, cookie)) {
    throw simulatedError('not-found', subject, 'there is no such lock');
  }
  image.lock = undefined;
  image.lockOwner = undefined;
}

/** Takes a lock away from who holds it, and cuts them off. */
export function breakLock(
  image: ImageState,
  ceph: SimulatedCeph,
  [clientName, cookie]: readonly [string, string],
  subject: SimulatedSubject,
): void {
  unlock(image, clientName, cookie, subject);
  ceph.cutOff(clientName);
}

function holds({ lockers }: ImageLock, clientName: string, lockCookie: string): boolean {
  return lockers.some(({ client, cookie }) => client === clientName && cookie === lockCookie);
}
