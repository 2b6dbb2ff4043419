import type { Capability, ScoriaError, SnapshotStatus, VolumeStatus } from '@scoria/core';
import { METHOD_RULES } from '@scoria/core';
import { NOT_BEGUN } from './begin.js';
import { failureCodeOf } from './failure-code.js';

/** `before`: the state the object had when the operation was accepted. */
type Outcome<Status> = Status | 'before';

/** One kind of operation as the object's states see it. */
export interface StateTable<Status> {
  /** The states it may begin in. */
  readonly from: readonly Status[];
  /** The states it may begin in besides, where the driver has a capability. */
  readonly with?: { readonly capability: Capability; readonly states: readonly Status[] };
  /** The state while it runs; `before` where it changes none. */
  readonly during: Outcome<Status>;
  /** What it ends in; `gone` where the record is removed. */
  readonly success: Outcome<Status> | 'gone';
  /** What a failure ends in, where the table below names no other for the code of its error. */
  readonly failure: Outcome<Status> | 'gone';
  readonly failures?: Readonly<Record<string, Outcome<Status> | 'gone'>>;
}

/** Errors that are raised before anything is changed, whatever the method. */
const NOTHING_CHANGED = {
  'invalid-input': 'before',
  'invalid-state': 'before',
  'not-supported': 'before',
  'not-found': 'before',
  'backend-down': 'before',
  [NOT_BEGUN]: 'before',
} as const;

const BUSY = { ...NOTHING_CHANGED, 'volume-busy': 'before', 'snapshot-busy': 'before' } as const;

/** What a driver raises before it takes a volume over: there is nothing that a record would be of. */
const NOTHING_MANAGED = {
  'invalid-input': 'gone',
  'volume-not-found': 'gone',
  'already-exists': 'gone',
  'unsafe-image': 'gone',
  'not-supported': 'gone',
  'backend-down': 'gone',
  [NOT_BEGUN]: 'gone',
  'quota-exceeded': 'gone',
} as const;

const ERROR_STATES = [
  'error',
  'error_deleting',
  'error_extending',
  'error_restoring',
  'error_managing',
] as const satisfies readonly VolumeStatus[];

/**
 * The states of the volume an operation works on. What the drivers allow is taken from core's table, so that
 * nothing is accepted that the guard around a driver would refuse.
 */
export const VOLUME_STATES = {
  'create-volume': { from: [], during: 'creating', success: 'available', failure: 'error' },
  'delete-volume': {
    from: ['available', ...ERROR_STATES],
    during: 'deleting',
    success: 'gone',
    failure: 'error_deleting',
    failures: BUSY,
  },
  'extend-volume': {
    from: ['available'],
    with: METHOD_RULES.extendVolume.with,
    during: 'extending',
    success: 'before',
    failure: 'error_extending',
    failures: NOTHING_CHANGED,
  },
  'create-snapshot': {
    from: METHOD_RULES.createSnapshot.states,
    with: METHOD_RULES.createSnapshot.with,
    during: 'before',
    success: 'before',
    failure: 'before',
  },
  'delete-snapshot': {
    from: ['available'],
    with: METHOD_RULES.deleteSnapshot.with,
    during: 'before',
    success: 'before',
    failure: 'before',
  },
  'clone-source': {
    from: METHOD_RULES.cloneSource.states,
    with: METHOD_RULES.cloneSource.with,
    during: 'before',
    success: 'before',
    failure: 'before',
  },
  'revert-volume': {
    from: ['available'],
    during: 'reverting',
    success: 'available',
    failure: 'error',
    failures: { ...BUSY, 'snapshot-not-found': 'before' },
  },
  'retype-volume': {
    from: ['available'],
    with: { capability: 'retype', states: ['in-use'] },
    during: 'retyping',
    success: 'before',
    failure: 'before',
  },
  'migrate-volume': {
    from: ['available'],
    during: 'maintenance',
    success: 'available',
    failure: 'before',
  },
  'export-data': {
    from: ['available'],
    during: 'uploading',
    success: 'before',
    failure: 'before',
  },
  'import-data': {
    from: ['available'],
    during: 'downloading',
    success: 'available',
    failure: 'error',
    failures: NOTHING_CHANGED,
  },
  'manage-volume': {
    from: [],
    during: 'managing',
    success: 'available',
    failure: 'error_managing',
    failures: NOTHING_MANAGED,
  },
  'unmanage-volume': {
    from: ['available', ...ERROR_STATES],
    during: 'deleting',
    success: 'gone',
    failure: 'before',
  },
  'manage-snapshot': {
    from: METHOD_RULES.manageExistingSnapshot.states,
    with: METHOD_RULES.manageExistingSnapshot.with,
    during: 'before',
    success: 'before',
    failure: 'before',
  },
  'unmanage-snapshot': {
    from: ['available', 'in-use', ...ERROR_STATES],
    during: 'before',
    success: 'before',
    failure: 'before',
  },
  'adopt-volume': { from: [], during: 'managing', success: 'available', failure: 'gone' },
  'attach-volume': {
    from: ['available'],
    // Where its type asks for that; see `VolumeChecks`.
    with: { capability: 'multiattach', states: ['in-use'] },
    during: 'attaching',
    success: 'in-use',
    failure: 'before',
  },
  // With another guest left, it stays `in-use`.
  'detach-volume': { from: ['in-use'], during: 'detaching', success: 'available', failure: 'before' },
  'connect-volume': {
    from: METHOD_RULES.initializeConnection.states,
    during: 'before',
    success: 'before',
    failure: 'before',
  },
} as const satisfies Readonly<Record<string, StateTable<VolumeStatus>>>;

export type VolumeOperationKind = keyof typeof VOLUME_STATES;

/** The states of the snapshot an operation works on. */
export const SNAPSHOT_STATES = {
  'create-snapshot': { from: [], during: 'creating', success: 'available', failure: 'error' },
  'delete-snapshot': {
    from: ['available', 'error', 'error_deleting'],
    during: 'deleting',
    success: 'gone',
    failure: 'error_deleting',
    failures: BUSY,
  },
  'manage-snapshot': {
    from: [],
    during: 'creating',
    success: 'available',
    failure: 'error',
    failures: { ...NOTHING_MANAGED, 'snapshot-not-found': 'gone', 'invalid-state': 'gone' },
  },
  'unmanage-snapshot': {
    from: ['available', 'error', 'error_deleting'],
    during: 'deleting',
    success: 'gone',
    failure: 'before',
  },
  'create-volume': { from: ['available'], during: 'before', success: 'before', failure: 'before' },
  'revert-volume': { from: ['available'], during: 'before', success: 'before', failure: 'before' },
  'export-data': { from: ['available'], during: 'before', success: 'before', failure: 'before' },
} as const satisfies Readonly<Record<string, StateTable<SnapshotStatus>>>;

export type SnapshotOperationKind = keyof typeof SNAPSHOT_STATES;

/** A state that an operation has put the object in, and will take it out of. */
export function isPassing(status: VolumeStatus | SnapshotStatus): boolean {
  const tables: readonly StateTable<string>[] = [
    ...Object.values(VOLUME_STATES),
    ...Object.values(SNAPSHOT_STATES),
  ];
  return tables.some(({ during }) => during === status);
}

/** What `resetVolume` may set right: what a failure or a death left, where no operation is at work any more. */
export const RESETTABLE_STATES = [
  ...ERROR_STATES,
  'creating',
  'attaching',
  'detaching',
  'downloading',
  'uploading',
  'extending',
  'retyping',
  'reverting',
  'managing',
  'maintenance',
  'deleting',
] as const satisfies readonly VolumeStatus[];

/** The states a volume may be in when an operation on it begins. */
export function statesToBegin(
  kind: VolumeOperationKind,
  capabilities: readonly string[] = [],
): readonly VolumeStatus[] {
  const table: StateTable<VolumeStatus> = VOLUME_STATES[kind];
  const more =
    table.with !== undefined && capabilities.includes(table.with.capability) ? table.with.states : [];
  return [...table.from, ...more];
}

/** What a failed operation leaves its object in. */
export function stateAfterFailure<Status extends string>(
  table: StateTable<Status>,
  before: Status,
  error: ScoriaError,
): Status | 'gone' {
  const outcome = table.failures?.[failureCodeOf(error)] ?? table.failure;
  return outcome === 'before' ? before : outcome;
}
