import type { AdoptableVolume, SnapshotStatus, VolumeStatus } from '@scoria/core';
import type { SnapshotRecord, VolumeRecord } from '@scoria/store';
import type { AuditFinding } from '../../views.js';

/** What would put a difference right. */
export type Repair =
  | {
      readonly kind: 'mark-volume';
      /** As it was judged; a volume that has changed since is not touched. */
      readonly volume: VolumeRecord;
      readonly to: VolumeStatus;
      readonly reason: string;
    }
  | {
      readonly kind: 'mark-snapshot';
      readonly snapshot: SnapshotRecord;
      readonly to: SnapshotStatus;
      readonly reason: string;
    }
  | { readonly kind: 'recount'; readonly projectId: string }
  | { readonly kind: 'collect-volume'; readonly backend: string; readonly found: AdoptableVolume }
  | { readonly kind: 'collect-snapshot'; readonly volume: VolumeRecord; readonly snapshotId: string };

export interface Finding {
  readonly finding: AuditFinding;
  /** Absent where a person has to decide. */
  readonly repair?: Repair;
}
