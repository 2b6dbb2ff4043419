import { DriverError } from '../errors.js';
import { isUuid } from '../ids.js';
import type { DeviceMode } from '../block-device.js';
import type { BackupPoint } from '../models/backup-point.js';
import type { ImageSource } from '../models/image-source.js';
import type { VolumeStatus } from '../models/status.js';
import type { PlanRequest } from '../models/plan-request.js';
import type { DeviceTarget, Snapshot, Volume } from '../models/volume.js';
import { sizeProblem } from '../sizes.js';
import type { Capability } from './capabilities.js';

/** The states a volume may be in when a method is called. */
export interface StateRule {
  readonly states: readonly VolumeStatus[];
  /** Allowed besides, for a driver with the capability. */
  readonly with?: { readonly capability: Capability; readonly states: readonly VolumeStatus[] };
}

const ONLINE_SNAPSHOT = { capability: 'onlineSnapshot', states: ['in-use'] } as const;
const AT_REST: readonly VolumeStatus[] = [
  'available',
  'deleting',
  'error',
  'error_deleting',
  'error_extending',
  'error_restoring',
  'error_managing',
];
const READABLE: readonly VolumeStatus[] = [
  'available',
  'in-use',
  'reserved',
  'attaching',
  'detaching',
  'backing-up',
  'uploading',
  'maintenance',
];

/**
 * Which states of the volume each method allows; the volume is the one that changes, or the one a snapshot or
 * clone is taken of. One table for every driver: the guard around a driver reads it, and so do the manager's
 * checks and the conformance suite.
 */
export const METHOD_RULES = {
  createVolume: { states: ['creating'] },
  // In 'creating' it is the undoing of a create.
  deleteVolume: { states: [...AT_REST, 'creating'] },
  extendVolume: {
    states: ['extending', 'available'],
    with: { capability: 'onlineExtend', states: ['in-use'] },
  },
  createSnapshot: { states: ['available', 'backing-up'], with: ONLINE_SNAPSHOT },
  // In 'deleting' the volume goes with its snapshots.
  deleteSnapshot: { states: ['available', 'deleting'], with: ONLINE_SNAPSHOT },
  createVolumeFromSnapshot: { states: ['creating'] },
  createClonedVolume: { states: ['creating'] },
  cloneSource: { states: ['available', 'backing-up'], with: ONLINE_SNAPSHOT },
  revertToSnapshot: { states: ['reverting', 'available'] },
  manageExisting: { states: ['managing', 'creating'] },
  unmanage: { states: [...AT_REST] },
  manageExistingSnapshot: { states: ['available'], with: ONLINE_SNAPSHOT },
  unmanageSnapshot: { states: [...AT_REST, 'in-use'] },
  retypeVolume: { states: ['retyping', 'in-use'] },
  cloneImage: { states: ['creating'] },
  openBackup: { states: ['backing-up', 'available'], with: ONLINE_SNAPSHOT },
  ensureExport: { states: ['in-use'] },
  initializeConnection: { states: [...READABLE, 'downloading'] },
  openForReading: {
    states: [...READABLE, 'downloading', 'restoring-backup', 'creating', 'managing', 'retyping'],
  },
  openForWriting: {
    states: [
      'available',
      'creating',
      'downloading',
      'restoring-backup',
      'attaching',
      'maintenance',
      'retyping',
      'reverting',
    ],
  },
} as const satisfies Readonly<Record<string, StateRule>>;

export type RuledMethod = keyof typeof METHOD_RULES;

/** The states that `method` allows for a driver with `capabilities`. */
export function allowedStates(method: RuledMethod, capabilities: readonly Capability[]): VolumeStatus[] {
  const rule: StateRule = METHOD_RULES[method];
  const more = rule.with !== undefined && capabilities.includes(rule.with.capability) ? rule.with.states : [];
  return [...rule.states, ...more];
}

function requireState(method: RuledMethod, volume: Volume, capabilities: readonly Capability[]): void {
  const allowed = allowedStates(method, capabilities);
  if (allowed.includes(volume.status)) return;
  throw new DriverError({
    code: 'invalid-state',
    message:
      `${method} on volume ${volume.id}: its state is ${volume.status}, and this backend allows it only in ` +
      allowed.join(', '),
    details: { volumeId: volume.id, status: volume.status, allowed },
  });
}

function requireId(kind: string, id: string): void {
  if (isUuid(id)) return;
  throw new DriverError({
    code: 'invalid-input',
    message: `the ${kind} id ${JSON.stringify(id)} is not a canonical UUID (8-4-4-4-12 lower-case hex digits)`,
  });
}

function requireSize(subject: string, bytes: number): void {
  const problem = sizeProblem(bytes);
  if (problem === undefined) return;
  throw new DriverError({
    code: 'invalid-input',
    message: `the size of ${subject} cannot be right: ${problem}`,
  });
}

function requireVolume(method: RuledMethod, volume: Volume, capabilities: readonly Capability[]): void {
  requireId('volume', volume.id);
  requireSize(`volume ${volume.id}`, volume.sizeBytes);
  requireState(method, volume, capabilities);
}

function requireSnapshot(snapshot: Snapshot): void {
  requireId('snapshot', snapshot.id);
  requireId('volume', snapshot.volume.id);
}

function requireRoomFor(volume: Volume, sourceName: string, sourceBytes: number): void {
  if (volume.sizeBytes >= sourceBytes) return;
  throw new DriverError({
    code: 'invalid-input',
    message:
      `volume ${volume.id} of ${String(volume.sizeBytes)} bytes cannot hold the data of ${sourceName}, ` +
      `which has ${String(sourceBytes)} bytes; ask for at least that size`,
  });
}

function requireGrowth(volume: Volume, newSizeBytes: number): void {
  requireSize(`volume ${volume.id}`, newSizeBytes);
  if (newSizeBytes >= volume.sizeBytes) return;
  throw new DriverError({
    code: 'invalid-input',
    message:
      `volume ${volume.id} has ${String(volume.sizeBytes)} bytes and cannot shrink to ` +
      `${String(newSizeBytes)}; volumes only grow`,
  });
}

function requireBackup({ id, createdAt }: BackupPoint): void {
  requireId('backup', id);
  if (!Number.isNaN(Date.parse(createdAt))) return;
  throw new DriverError({
    code: 'invalid-input',
    message: `backup ${id} has the time ${JSON.stringify(createdAt)}, which is no time of ISO 8601`,
  });
}

function requireOpenable(target: DeviceTarget, mode: DeviceMode, capabilities: readonly Capability[]): void {
  if (target.kind === 'volume') {
    requireVolume(mode === 'read-write' ? 'openForWriting' : 'openForReading', target.volume, capabilities);
    return;
  }
  requireSnapshot(target.snapshot);
  if (mode === 'read-only') return;
  throw new DriverError({
    code: 'invalid-input',
    message: `snapshot ${target.snapshot.id} can be opened for reading only`,
  });
}

type Arguments = readonly unknown[];
type Check = (args: Arguments, capabilities: readonly Capability[]) => void;

/** The method that a request plans, with its arguments: planning is refused where the call would be. */
function plannedCall(request: PlanRequest): [method: string, args: Arguments] {
  switch (request.operation) {
    case 'create-volume':
      return ['createVolume', [request.volume]];
    case 'delete-volume':
      return ['deleteVolume', [request.volume]];
    case 'extend-volume':
      return ['extendVolume', [request.volume, request.newSizeBytes]];
    case 'create-snapshot':
      return ['createSnapshot', [request.snapshot]];
    case 'delete-snapshot':
      return ['deleteSnapshot', [request.snapshot]];
    case 'revert-to-snapshot':
      return ['revertToSnapshot', [request.volume, request.snapshot]];
    case 'clone-volume':
      return ['createClonedVolume', [request.volume, request.source]];
    case 'create-volume-from-snapshot':
      return ['createVolumeFromSnapshot', [request.volume, request.snapshot]];
  }
}

/** What is checked before each driver method; `args` are the method's own, without the context. */
export const METHOD_CHECKS: Readonly<Record<string, Check>> = {
  createVolume: ([volume], caps) => requireVolume('createVolume', volume as Volume, caps),
  deleteVolume: ([volume], caps) => {
    requireId('volume', (volume as Volume).id);
    requireState('deleteVolume', volume as Volume, caps);
  },
  extendVolume: ([volume, newSizeBytes], caps) => {
    requireVolume('extendVolume', volume as Volume, caps);
    requireGrowth(volume as Volume, newSizeBytes as number);
  },
  createSnapshot: ([snapshot], caps) => {
    requireSnapshot(snapshot as Snapshot);
    requireState('createSnapshot', (snapshot as Snapshot).volume, caps);
  },
  deleteSnapshot: ([snapshot], caps) => {
    requireSnapshot(snapshot as Snapshot);
    requireState('deleteSnapshot', (snapshot as Snapshot).volume, caps);
  },
  createVolumeFromSnapshot: ([volume, snapshot], caps) => {
    requireVolume('createVolumeFromSnapshot', volume as Volume, caps);
    requireSnapshot(snapshot as Snapshot);
    requireRoomFor(
      volume as Volume,
      `snapshot ${(snapshot as Snapshot).id}`,
      (snapshot as Snapshot).sizeBytes,
    );
  },
  createClonedVolume: ([volume, source], caps) => {
    requireVolume('createClonedVolume', volume as Volume, caps);
    requireVolume('cloneSource', source as Volume, caps);
    requireRoomFor(volume as Volume, `volume ${(source as Volume).id}`, (source as Volume).sizeBytes);
  },
  revertToSnapshot: ([volume, snapshot], caps) => {
    requireVolume('revertToSnapshot', volume as Volume, caps);
    requireSnapshot(snapshot as Snapshot);
  },
  manageExisting: ([volume], caps) => {
    requireId('volume', (volume as Volume).id);
    requireState('manageExisting', volume as Volume, caps);
  },
  unmanage: ([volume], caps) => {
    requireId('volume', (volume as Volume).id);
    requireState('unmanage', volume as Volume, caps);
  },
  manageExistingSnapshotSize: ([volume]) => requireId('volume', (volume as Volume).id),
  manageExistingSnapshot: ([snapshot], caps) => {
    requireSnapshot(snapshot as Snapshot);
    requireState('manageExistingSnapshot', (snapshot as Snapshot).volume, caps);
  },
  unmanageSnapshot: ([snapshot], caps) => {
    requireSnapshot(snapshot as Snapshot);
    requireState('unmanageSnapshot', (snapshot as Snapshot).volume, caps);
  },
  retypeVolume: ([volume], caps) => requireVolume('retypeVolume', volume as Volume, caps),
  cloneImage: ([volume, image], caps) => {
    const { id, sizeBytes } = image as ImageSource;
    requireVolume('cloneImage', volume as Volume, caps);
    requireRoomFor(volume as Volume, `image ${id}`, sizeBytes);
  },
  openBackup: ([volume, backup], caps) => {
    requireVolume('openBackup', volume as Volume, caps);
    requireBackup(backup as BackupPoint);
  },
  forgetBackup: ([volume, backupId]) => {
    requireId('volume', (volume as Volume).id);
    requireId('backup', backupId as string);
  },
  ensureExport: ([volume], caps) => requireVolume('ensureExport', volume as Volume, caps),
  initializeConnection: ([volume], caps) => requireVolume('initializeConnection', volume as Volume, caps),
  terminateConnection: ([volume]) => requireId('volume', (volume as Volume).id),
  chainOf: ([volume]) => requireId('volume', (volume as Volume).id),
  planOf: ([request], caps) => {
    const [method, args] = plannedCall(request as PlanRequest);
    METHOD_CHECKS[method]?.(args, caps);
  },
  openDevice: ([target, mode], caps) => requireOpenable(target as DeviceTarget, mode as DeviceMode, caps),
};
