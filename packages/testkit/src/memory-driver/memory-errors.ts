import { DriverError, LockError, messageOf } from '@scoria/core';

export function volumeNotFound(name: string): DriverError {
  return new DriverError({ code: 'volume-not-found', message: `the array has no volume ${name}` });
}

export function snapshotNotFound(id: string): DriverError {
  return new DriverError({ code: 'snapshot-not-found', message: `the array has no snapshot ${id}` });
}

export function noReference(what: 'volume' | 'snapshot'): DriverError {
  return new DriverError({
    code: 'invalid-input',
    message: `a reference names a ${what} of the array: { 'source-name': '${what}-1' }`,
  });
}

export function alreadyExists(what: string): DriverError {
  return new DriverError({ code: 'already-exists', message: `the array has ${what} already` });
}

export function volumeBusy(name: string, heldBy: readonly string[]): DriverError {
  return new DriverError({
    code: 'volume-busy',
    message: `${name} is held by ${heldBy.join(', ')}; delete or close that first`,
    details: { heldBy },
  });
}

export function snapshotBusy(id: string, heldBy: readonly string[]): DriverError {
  return new DriverError({
    code: 'snapshot-busy',
    message: `snapshot ${id} is not the newest; delete ${heldBy.join(', ')} first`,
    details: { heldBy },
  });
}

/** A failed lock in the words of the contract. */
export function lockProblem(error: unknown): DriverError {
  const isCancelled = error instanceof LockError && error.code === 'lock-cancelled';
  return new DriverError({
    code: isCancelled ? 'cancelled' : 'timeout',
    message: messageOf(error),
    cause: error,
  });
}
