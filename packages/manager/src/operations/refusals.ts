import type { Capability, ErrorDetails, SnapshotStatus, VolumeStatus } from '@scoria/core';
import type { AttachmentRecord, VolumeRecord } from '@scoria/store';
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
  if (kind === 'volume' && status.startsWith('error')) {
    return `; see why with 'scoria volume show ${id}', then delete it, or 'scoria volume reset ${id}'`;
  }
  if (!isPassing(status)) return '';
  return kind === 'volume' ? `; try again, or where it stays so, 'scoria volume reset ${id}'` : '; try again';
}

interface InUse {
  readonly volume: Pick<VolumeRecord, 'id' | 'backend'>;
  /** What was asked for: `deleting it`. */
  readonly operation: string;
  readonly attachments: readonly AttachmentRecord[];
  /** What the backend would have to have for it. */
  readonly lacking?: Capability | undefined;
}

/** The operation is not for a volume that a guest has. */
export function inUse({ volume, operation, attachments, lacking }: InUse): ManagerError {
  const { id, backend } = volume;
  const by = attachments.map(describeAttachment).join(' and ');
  const why =
    lacking === undefined
      ? ''
      : `; backend ${backend} cannot do that while a guest has it: its driver has not the capability '${lacking}'`;
  return new ManagerError({
    code: 'conflict',
    message:
      `${operation} is not possible now: volume ${id} is in-use${by === '' ? '' : `, ${by}`}${why}; ` +
      `detach it first${attachments.map((one) => `: ${detachCommand(one)}`).join('')}`,
    details: { volume: id, status: 'in-use', attachments: attachments.map((one) => one.id) },
  });
}

function describeAttachment({ id, status, host, device }: AttachmentRecord): string {
  const as = device === undefined ? '' : ` as ${device}`;
  return `${status} to ${host === undefined ? 'a host' : `host ${host}`}${as} (attachment ${id})`;
}

/** What a person types to end an attachment. */
export function detachCommand({ id, volumeId }: Pick<AttachmentRecord, 'id' | 'volumeId'>): string {
  return `scoria volume detach ${volumeId} ${id}`;
}

/** A volume that a guest has can be copied by its own backend only. */
export function onlyItsBackendClones({
  volumeId,
  backend,
}: Record<'volumeId' | 'backend', string>): ManagerError {
  return new ManagerError({
    code: 'conflict',
    message:
      `volume ${volumeId} is in use, and what a guest writes during a copy would be in it in parts: it can be ` +
      `cloned only by its own backend ${backend}, where that has the capability 'clone'; take a snapshot of it, ` +
      'and make the volume of that, or detach it first',
    details: { volume: volumeId, status: 'in-use', backend },
  });
}

/** A guest may still have the volume, whatever state it is in. */
export function stillAttached(volumeId: string, attachments: readonly AttachmentRecord[]): ManagerError {
  const by = attachments.map(describeAttachment).join(' and ');
  return hasDependents(
    `volume ${volumeId} is ${by}; put it in use again with 'scoria volume reset ${volumeId}', and detach it first` +
      attachments.map((one) => `: ${detachCommand(one)}`).join(''),
    attachments.map(({ id }) => id),
  );
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
