import type { ScoriaError, SnapshotStatus } from '@scoria/core';
import type { Records, SnapshotRecord } from '@scoria/store';
import { changedMeanwhile, goneMeanwhile } from './refusals.js';
import { SNAPSHOT_STATES, stateAfterFailure } from './states.js';

/** A snapshot an operation works on, as it was when the operation was asked for. */
export interface SnapshotSubject {
  readonly snapshotId: string;
  readonly snapshotBefore: SnapshotStatus;
}

/** The record of an operation's snapshot, which its claim keeps there. */
export async function snapshotOf(
  records: Pick<Records, 'getSnapshot'>,
  snapshotId: string,
): Promise<SnapshotRecord> {
  const snapshot = await records.getSnapshot(snapshotId);
  if (snapshot === undefined) throw goneMeanwhile('snapshot', snapshotId);
  return snapshot;
}

/**
 * Takes a snapshot from the state it was seen in to another, or only locks its row.
 * @throws ManagerError `conflict` where somebody was faster, `not-found`
 */
export async function enterSnapshotState(
  records: Records,
  { snapshotId, snapshotBefore }: SnapshotSubject,
  status = snapshotBefore,
): Promise<SnapshotRecord> {
  const changes = status === snapshotBefore ? {} : { status, statusReason: undefined };
  const changed = await records.changeSnapshot(snapshotId, [snapshotBefore], changes);
  const snapshot = await snapshotOf(records, snapshotId);
  if (!changed) throw changedMeanwhile('snapshot', snapshotId, `it is ${snapshot.status} now`);
  return snapshot;
}

/** The state of a snapshot whose deletion failed, with the reason. */
export async function leaveSnapshotUndeleted(
  records: Records,
  { snapshotId, snapshotBefore }: SnapshotSubject,
  error: ScoriaError,
): Promise<void> {
  const status = stateAfterFailure<SnapshotStatus>(SNAPSHOT_STATES['delete-snapshot'], snapshotBefore, error);
  if (status === 'gone') return;
  await records.changeSnapshot(snapshotId, ['deleting'], { status, statusReason: error.message });
}

/** Forgets a snapshot and what it took of its project's quota. */
export async function removeSnapshot(records: Records, snapshotId: string): Promise<void> {
  const snapshot = await records.getSnapshot(snapshotId);
  if (snapshot === undefined || !(await records.removeSnapshot(snapshotId))) return;
  if (!snapshot.countsInQuota) return;
  await records.addQuotaUsage(snapshot.projectId, 'snapshots', -1);
  await records.addQuotaUsage(snapshot.projectId, 'gigabytes', -snapshot.sizeBytes);
}
