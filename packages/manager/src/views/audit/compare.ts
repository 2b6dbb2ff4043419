import { isUuid } from '@scoria/core';
import type { SnapshotRecord, VolumeRecord } from '@scoria/store';
import type { AuditFinding } from '../../views.js';
import { IN_ORDER, MAY_BE_MISSING, STUCK_SNAPSHOTS, STUCK_VOLUMES } from './passing-states.js';
import type { Finding } from './repair.js';

/** A volume as the records have it. */
export interface RecordedVolume {
  readonly volume: VolumeRecord;
  readonly snapshots: readonly SnapshotRecord[];
}

/** A volume as the backend has it. */
export interface SeenVolume {
  readonly sizeBytes: number;
  readonly format?: string;
  /** Absent where the backend cannot tell. */
  readonly snapshotIds?: readonly string[];
}

/** Where records and backend differ. Nothing is working on the volume: its state and its snapshots' are settled. */
export function compareVolume(recorded: RecordedVolume, seen: SeenVolume | undefined): Finding[] {
  const { volume, snapshots } = recorded;
  const stuck = [...stuckVolume(volume), ...snapshots.flatMap(stuckSnapshot)];
  if (STUCK_VOLUMES[volume.status] !== undefined) return stuck;
  if (seen === undefined) return [...stuck, ...missingVolume(volume)];
  return [...stuck, ...mismatches(volume, seen), ...compareSnapshots(recorded, seen)];
}

function stuckVolume(volume: VolumeRecord): Finding[] {
  const to = STUCK_VOLUMES[volume.status];
  if (to === undefined) return [];
  const problem = `its status is ${volume.status}, and no operation is running on it`;
  return [
    {
      finding: { ...about('stuck', 'volume', volume, problem), repair: `set its status to ${to}` },
      repair: { kind: 'mark-volume', volume, to, reason: problem },
    },
  ];
}

function stuckSnapshot(snapshot: SnapshotRecord): Finding[] {
  const to = STUCK_SNAPSHOTS[snapshot.status];
  if (to === undefined) return [];
  const problem = `its status is ${snapshot.status}, and no operation is running on it`;
  return [
    {
      finding: { ...about('stuck', 'snapshot', snapshot, problem), repair: `set its status to ${to}` },
      repair: { kind: 'mark-snapshot', snapshot, to, reason: problem },
    },
  ];
}

function missingVolume(volume: VolumeRecord): Finding[] {
  if (MAY_BE_MISSING.includes(volume.status)) return [];
  const problem = `expected on backend ${volume.backend}, and nothing of it is there`;
  const finding = about('missing', 'volume', volume, problem);
  // A guest may be using it: whoever detaches it decides.
  if (volume.status === 'in-use') return [{ finding }];
  return [
    {
      finding: { ...finding, repair: 'set its status to error' },
      repair: { kind: 'mark-volume', volume, to: 'error', reason: problem },
    },
  ];
}

function mismatches(volume: VolumeRecord, seen: SeenVolume): Finding[] {
  if (!IN_ORDER.includes(volume.status)) return [];
  const { format } = volume.providerMetadata;
  const problems = [
    ...differs('bytes', volume.sizeBytes, seen.sizeBytes),
    ...(format === undefined || seen.format === undefined ? [] : differs('format', format, seen.format)),
  ];
  return problems.map((problem) => ({ finding: about('mismatched', 'volume', volume, problem) }));
}

function differs(what: string, expected: string | number, found: string | number): string[] {
  return expected === found ? [] : [`${what}: ${String(expected)} expected, ${String(found)} found`];
}

function compareSnapshots({ volume, snapshots }: RecordedVolume, { snapshotIds }: SeenVolume): Finding[] {
  if (snapshotIds === undefined) return [];
  const missing = snapshots.filter(({ id, status }) => status === 'available' && !snapshotIds.includes(id));
  const known = new Set(snapshots.map(({ id }) => id));
  const unknown = snapshotIds.filter((id) => isUuid(id) && !known.has(id));
  return [
    ...missing.map((snapshot) => missingSnapshot(volume, snapshot)),
    ...unknown.map((id) => orphanSnapshot(volume, id)),
  ];
}

function missingSnapshot(volume: VolumeRecord, snapshot: SnapshotRecord): Finding {
  const problem = `expected among the snapshots of volume ${volume.id} on backend ${volume.backend}, and not there`;
  return {
    finding: { ...about('missing', 'snapshot', snapshot, problem), repair: 'set its status to error' },
    repair: { kind: 'mark-snapshot', snapshot, to: 'error', reason: problem },
  };
}

function orphanSnapshot(volume: VolumeRecord, id: string): Finding {
  const problem = `a snapshot of volume ${volume.id} on backend ${volume.backend} that the records do not have`;
  return {
    finding: {
      ...about('orphan', 'snapshot', { id }, problem),
      repair: 'delete it from the backend (only with orphans to be collected)',
    },
    repair: { kind: 'collect-snapshot', volume, snapshotId: id },
  };
}

function about(
  kind: AuditFinding['kind'],
  resourceKind: AuditFinding['resourceKind'],
  { id, name = '' }: { readonly id: string; readonly name?: string },
  problem: string,
): AuditFinding {
  return { kind, resourceKind, id, ...(name === '' ? {} : { name }), problem };
}
