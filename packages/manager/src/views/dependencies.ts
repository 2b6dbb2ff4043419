import type { VolumeStatus } from '@scoria/core';
import type { AttachmentRecord, OperationRecord, SnapshotRecord, VolumeRecord } from '@scoria/store';
import { detachCommand } from '../operations/refusals.js';
import { VOLUME_STATES } from '../operations/states.js';
import type { Blocker, Dependencies, Dependency } from '../views.js';

/** What the records say around a volume. */
export interface VolumeSurroundings {
  readonly volume: VolumeRecord;
  /** Its own snapshots. */
  readonly snapshots: readonly SnapshotRecord[];
  readonly attachments: readonly AttachmentRecord[];
  /** Running operations that hold it or one of its snapshots. */
  readonly operations: readonly OperationRecord[];
  /** Volumes that were made of it. */
  readonly copies: readonly VolumeRecord[];
  /** What it was made of, where that is still there. */
  readonly source?: VolumeRecord | SnapshotRecord;
}

/** What the records say around a snapshot. */
export interface SnapshotSurroundings {
  readonly snapshot: SnapshotRecord;
  readonly volume: VolumeRecord;
  readonly attachments: readonly AttachmentRecord[];
  readonly operations: readonly OperationRecord[];
  readonly copies: readonly VolumeRecord[];
  /** Its backend can delete snapshots of a volume in use. */
  readonly onlineSnapshot: boolean;
}

export function dependenciesOfVolume(around: VolumeSurroundings): Dependencies {
  const { volume, source } = around;
  const snapshots = around.snapshots.map((snapshot) =>
    named('snapshot', snapshot, 'snapshot of this volume'),
  );
  const attachments = around.attachments.map(attachmentOf);
  const operations = around.operations.map(operationOn);
  return {
    subject: { kind: 'volume', id: volume.id, name: volume.name },
    dependsOn: [backendOf(volume), ...(source === undefined ? [] : [sourceOf(source)])],
    dependents: [...snapshots, ...attachments, ...operations, ...around.copies.map(copyOf)],
    blockers: [
      ...operations.map(watched),
      ...snapshots.map((one) => ({ ...one, remedy: `scoria snapshot delete ${one.id}` })),
      ...around.attachments.map(detached),
      ...(operations.length + attachments.length === 0 ? stateOf(volume) : []),
    ],
  };
}

/** A state that nobody will bring it out of. */
function stateOf(volume: VolumeRecord): Blocker[] {
  const states: readonly VolumeStatus[] = VOLUME_STATES['delete-volume'].from;
  if (states.includes(volume.status)) return [];
  const dependency = named('volume', volume, `is ${volume.status}, and no operation is at work on it`);
  return [{ ...dependency, remedy: `scoria volume reset ${volume.id}` }];
}

export function dependenciesOfSnapshot(around: SnapshotSurroundings): Dependencies {
  const { snapshot, volume } = around;
  const operations = around.operations.map(operationOn);
  const attachments = around.onlineSnapshot ? [] : around.attachments;
  return {
    subject: { kind: 'snapshot', id: snapshot.id, name: snapshot.name },
    dependsOn: [named('volume', volume, 'the volume it was taken of'), backendOf(volume)],
    dependents: [...operations, ...around.copies.map(copyOf)],
    blockers: [...operations.map(watched), ...attachments.map(detached)],
  };
}

/** With what was found on the backend besides, and what the records take for one that can do without. */
export function withFound(known: Dependencies, found: readonly Blocker[]): Dependencies {
  const relations = new Map(found.map(({ id, relation }) => [id, relation]));
  const isKnown = ({ id, name }: Blocker): boolean =>
    known.blockers.some((blocker) => blocker.id === id && blocker.name === name);
  return {
    ...known,
    dependents: known.dependents.map((one) => ({ ...one, relation: relations.get(one.id) ?? one.relation })),
    blockers: [...known.blockers, ...found.filter((blocker) => !isKnown(blocker))],
  };
}

function named(
  kind: Dependency['kind'],
  { id, name }: { readonly id: string; readonly name: string },
  relation: string,
): Dependency {
  return { kind, id, ...(name === '' ? {} : { name }), relation };
}

function backendOf({ backend, pool }: VolumeRecord): Dependency {
  return {
    kind: 'backend',
    id: backend,
    relation: `holds its data${pool === undefined ? '' : ` in ${pool}`}`,
  };
}

function sourceOf(source: VolumeRecord | SnapshotRecord): Dependency {
  const kind = 'volumeId' in source ? 'snapshot' : 'volume';
  return named(kind, source, 'what it was made of; it can go');
}

function copyOf(volume: VolumeRecord): Dependency {
  const relation =
    volume.status === 'creating' ? 'is being made of it' : 'was made of it, and can do without';
  return named('volume', volume, relation);
}

function operationOn({ id, kind, step, createdAt }: OperationRecord): Dependency {
  const now = step === undefined ? '' : `, now: ${step}`;
  return { kind: 'operation', id, name: kind, relation: `runs since ${createdAt}${now}` };
}

function attachmentOf({ id, host, device, status }: AttachmentRecord): Dependency {
  const where = host === undefined ? 'a host' : `host ${host}`;
  const as = device === undefined ? '' : ` as ${device}`;
  return { kind: 'attachment', id, relation: `${status} to ${where}${as}` };
}

function watched(operation: Dependency): Blocker {
  return { ...operation, remedy: `scoria operation watch ${operation.id}` };
}

function detached(attachment: AttachmentRecord): Blocker {
  return { ...attachmentOf(attachment), remedy: detachCommand(attachment) };
}
