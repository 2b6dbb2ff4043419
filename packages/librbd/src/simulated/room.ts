import type { SimulatedCeph } from './simulated-ceph.js';
import { simulatedError, type SimulatedSubject } from './simulated-error.js';
import type { ImagePool } from './state/image-state.js';

/** @throws RbdError `permission` where this user may only read */
export function checkMayChange(pool: ImagePool, user: string, subject: SimulatedSubject): void {
  if (pool.settings.readers?.has(user) !== true) return;
  throw simulatedError('permission', subject, `client.${user} may only read from the pool ${pool.name}`);
}

/** @throws RbdError `no-space`, `quota` where there is no room for so many bytes */
export function checkRoom(
  pool: ImagePool,
  ceph: SimulatedCeph,
  bytes: number,
  subject: SimulatedSubject,
): void {
  const { isFull, quotaBytes } = pool.settings;
  if (isFull === true) throw simulatedError('no-space', subject, `the pool ${pool.name} is full`);
  const stored = pool.storedBytes + bytes;
  if (quotaBytes !== undefined && stored > quotaBytes) {
    throw simulatedError('quota', subject, `the quota of the pool ${pool.name} is reached`);
  }
  if (stored > ceph.capacityBytes) throw simulatedError('no-space', subject, 'the cluster is full');
}
