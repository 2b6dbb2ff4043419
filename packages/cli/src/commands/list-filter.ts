import type { SnapshotStatus, VolumeStatus } from '@scoria/core';
import { UsageError } from '../usage-error.js';

type ListOptions = Readonly<Record<string, string | undefined>>;

/** What a list's options ask the records for. */
export function listFilter({ limit = '1000', marker, backend, status, name }: ListOptions): {
  limit: number;
  marker?: string;
  backend?: string;
  status?: VolumeStatus & SnapshotStatus;
  name?: string;
} {
  if (!/^[1-9]\d{0,5}$/.test(limit))
    throw new UsageError(`--limit must be a whole number from 1, and is ${JSON.stringify(limit)}`);
  return {
    limit: Number(limit),
    ...(marker === undefined ? {} : { marker }),
    ...(backend === undefined ? {} : { backend }),
    ...(status === undefined ? {} : { status: status as VolumeStatus & SnapshotStatus }),
    ...(name === undefined ? {} : { name }),
  };
}
