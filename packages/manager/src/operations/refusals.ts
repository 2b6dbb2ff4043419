import type { ErrorDetails, SnapshotStatus, VolumeStatus } from '@scoria/core';
import { ManagerError } from '../errors.js';
import { isPassing } from './states.js';

interface Stateful {
  readonly id: string;
  readonly status: VolumeStatus | SnapshotStatus;
}

/** The object's state does not allow the operation. */
export function wrongState(
  kind: 'volume' | 'snapshot',
  object: Stateful,
  operation: string,
  allowed: readonly string[],
): ManagerError {
  const { id, status } = object;
  return new ManagerError({
    code: 'conflict',
    message:
      `${operation} is not possible now: ${kind} ${id} is ${status}, and would have to be ` +
      `${allowed.join(' or ')}${remedyOf(kind, object)}`,
    details: { [kind]: id, status, allowed },
  });
}

function remedyOf(kind: string, { id, status }: Stateful): string {
  if (status === 'in-use') return '; detach it first';
  if (kind === 'volume' && status.startsWith('error')) {
    return `; see why with 'scoria volume show ${id}', then delete it, or 'scoria volume reset ${id}'`;
  }
  if (!isPassing(status)) return '';
  return kind === 'volume' ? `; try again, or where it stays so, 'scoria volume reset ${id}'` : '; try again';
}

/** The object changed between the look at it and the acceptance. */
export function changedMeanwhile(kind: string, id: string, what: string): ManagerError {
  return new ManagerError({
    code: 'conflict',
    message: `${kind} ${id} changed in this moment (${what}); look at it and try again`,
    details: { [kind]: id },
  });
}

export function goneMeanwhile(kind: string, id: string): ManagerError {
  return new ManagerError({
    code: 'not-found',
    message: `${kind} ${id} was deleted meanwhile`,
    details: { [kind]: id },
  });
}

export function hasDependents(message: string, blockers: readonly string[]): ManagerError {
  return new ManagerError({ code: 'has-dependents', message, details: { blockers } });
}

export function invalidInput(message: string, details: ErrorDetails = {}): ManagerError {
  return new ManagerError({ code: 'invalid-input', message, details });
}

export function notSupported(backend: string, what: string, capability: string): ManagerError {
  return new ManagerError({
    code: 'not-supported',
    message: `backend ${backend} cannot ${what}: its driver has not the capability '${capability}'`,
    details: { backend, capability },
  });
}
