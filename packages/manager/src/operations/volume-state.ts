import type { ModelUpdate, ScoriaError, VolumeStatus } from '@scoria/core';
import type { Changes, Records, VolumeRecord } from '@scoria/store';
import { changesOf } from '../driver-objects.js';
import { changedMeanwhile, goneMeanwhile, stillAttached } from './refusals.js';
import type { StateTable, VolumeOperationKind } from './states.js';
import { stateAfterFailure, VOLUME_STATES } from './states.js';

/** The volume an operation works on, as it was when the operation was asked for. */
export interface VolumeSubject {
  readonly volumeId: string;
  readonly backend: string;
  readonly before: VolumeStatus;
}

export function subjectOf({ id, backend, status }: VolumeRecord): VolumeSubject {
  return { volumeId: id, backend, before: status };
}

function tableOf(kind: VolumeOperationKind): StateTable<VolumeStatus> {
  return VOLUME_STATES[kind];
}

function statusDuring(kind: VolumeOperationKind, before: VolumeStatus): VolumeStatus {
  const { during } = tableOf(kind);
  return during === 'before' ? before : during;
}

/**
 * Takes the volume from the state it was seen in to the passing one. Its row is locked until the transaction ends.
 * @throws ManagerError `conflict` where somebody was faster, `not-found`
 */
export async function enterState(
  records: Records,
  kind: VolumeOperationKind,
  { volumeId, backend, before }: VolumeSubject,
): Promise<VolumeRecord> {
  const status = statusDuring(kind, before);
  const changes = status === before ? {} : { status, statusReason: undefined };
  const changed = await records.changeVolume(volumeId, [before], changes);
  const volume = await records.getVolume(volumeId);
  if (volume === undefined) throw goneMeanwhile('volume', volumeId);
  if (!changed) throw changedMeanwhile('volume', volumeId, `it is ${volume.status} now`);
  if (volume.backend !== backend) {
    throw changedMeanwhile('volume', volumeId, `it is on backend ${volume.backend} now`);
  }
  return volume;
}

/**
 * Refuses where a guest may have the volume: a failure may have taken it from `in-use` to an error state. One that is
 * `available` has no guest.
 * @throws ManagerError `has-dependents`
 */
export async function requireNoGuest(records: Records, { volumeId, before }: VolumeSubject): Promise<void> {
  if (before === 'available') return;
  const attachments = await records.listAttachments(volumeId);
  if (attachments.length > 0) throw stillAttached(volumeId, attachments);
}

/**
 * The state of success, unless `changes` name another, with what else is to be stored. `gone` is the caller's: it
 * removes the record.
 */
export async function leaveInSuccess(
  records: Records,
  kind: VolumeOperationKind,
  { volumeId, before }: VolumeSubject,
  changes: Changes<VolumeRecord> = {},
): Promise<void> {
  const { success } = tableOf(kind);
  if (success === 'gone') throw new Error(`a volume is gone after ${kind}, and has no state`);
  const status = success === 'before' ? before : success;
  const during = statusDuring(kind, before);
  const changed = await records.changeVolume(volumeId, [during], {
    status,
    ...changes,
    statusReason: undefined,
  });
  if (!changed) throw changedMeanwhile('volume', volumeId, `it was not ${during} at the end of ${kind}`);
}

/** The state that the table names for the failure, with its reason. An object that is gone stays gone. */
export async function leaveInFailure(
  records: Records,
  kind: VolumeOperationKind,
  { volumeId, before }: VolumeSubject,
  error: ScoriaError,
): Promise<void> {
  const during = statusDuring(kind, before);
  const status = stateAfterFailure(tableOf(kind), before, error);
  if (status === 'gone' || (status === during && during === before)) return;
  await records.changeVolume(volumeId, [during], { status, statusReason: error.message });
}

/** What to store of a driver's answer. A size other than the recorded one is counted in the project's quota. */
export async function storedUpdate(
  records: Records,
  volume: VolumeRecord,
  update: ModelUpdate,
): Promise<Changes<VolumeRecord>> {
  const changes = changesOf(update, volume);
  const growth = (changes.sizeBytes ?? volume.sizeBytes) - volume.sizeBytes;
  if (growth !== 0 && volume.countsInQuota) {
    await records.addQuotaUsage(volume.projectId, 'gigabytes', growth);
  }
  return changes;
}

/** The record of an operation's volume, which its claim keeps there. */
export async function volumeOf(records: Pick<Records, 'getVolume'>, volumeId: string): Promise<VolumeRecord> {
  const volume = await records.getVolume(volumeId);
  if (volume === undefined) throw goneMeanwhile('volume', volumeId);
  return volume;
}

/** Forgets a volume and what it took of its project's quota. */
export async function removeVolume(records: Records, volumeId: string): Promise<void> {
  const volume = await records.getVolume(volumeId);
  if (volume === undefined || !(await records.removeVolume(volumeId))) return;
  if (!volume.countsInQuota) return;
  await records.addQuotaUsage(volume.projectId, 'volumes', -1);
  await records.addQuotaUsage(volume.projectId, 'gigabytes', -volume.sizeBytes);
}
