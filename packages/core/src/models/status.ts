/** The states of a volume, by the names of the Block Storage API v3. */
export const VOLUME_STATUSES = [
  'creating',
  'available',
  'reserved',
  'attaching',
  'in-use',
  'detaching',
  'downloading',
  'uploading',
  'extending',
  'retyping',
  'reverting',
  'backing-up',
  'restoring-backup',
  'managing',
  'maintenance',
  'awaiting-transfer',
  'deleting',
  'error',
  'error_deleting',
  'error_extending',
  'error_restoring',
  'error_managing',
] as const;

export type VolumeStatus = (typeof VOLUME_STATUSES)[number];

/** The states of a snapshot, by the names of the Block Storage API v3. */
export const SNAPSHOT_STATUSES = [
  'creating',
  'available',
  'deleting',
  'backing-up',
  'restoring',
  'updating',
  'error',
  'error_deleting',
] as const;

export type SnapshotStatus = (typeof SNAPSHOT_STATUSES)[number];
