import type { SnapshotStatus, VolumeStatus } from '@scoria/core';

/** Where a volume ends that is in a passing state without an operation that would bring it out. */
export const STUCK_VOLUMES: Partial<Readonly<Record<VolumeStatus, VolumeStatus>>> = {
  creating: 'error',
  attaching: 'error',
  detaching: 'error',
  maintenance: 'error',
  downloading: 'error',
  uploading: 'error',
  extending: 'error_extending',
  retyping: 'error',
  reverting: 'error',
  'backing-up': 'error',
  'restoring-backup': 'error_restoring',
  managing: 'error_managing',
  deleting: 'error_deleting',
};

export const STUCK_SNAPSHOTS: Partial<Readonly<Record<SnapshotStatus, SnapshotStatus>>> = {
  creating: 'error',
  deleting: 'error_deleting',
  'backing-up': 'error',
  restoring: 'error',
  updating: 'error',
};

/** States in which a volume need not be on the backend: what failed was undone, or a delete got far. */
export const MAY_BE_MISSING: readonly VolumeStatus[] = ['error', 'error_deleting', 'error_managing'];

/** States in which what the records say of a volume is what the backend should have. */
export const IN_ORDER: readonly VolumeStatus[] = ['available', 'reserved', 'in-use', 'awaiting-transfer'];
