import {
  SNAPSHOT_STATUSES,
  type SnapshotStatus,
  VOLUME_STATUSES,
  type VolumeStatus,
} from '@scoria/core/basics';
import { UsageError } from '../usage-error.js';

/** The options of a list as they were typed. */
export interface ListOptions {
  readonly limit?: string;
  readonly marker?: string;
  readonly backend?: string;
  readonly status?: string;
  readonly name?: string;
}

interface Filter<Status> {
  readonly limit: number;
  readonly marker?: string;
  readonly backend?: string;
  readonly status?: Status;
  readonly name?: string;
}

/** What a list of volumes asks the records for. */
export function volumeFilter(options: ListOptions): Filter<VolumeStatus> {
  return filterOf(options, VOLUME_STATUSES);
}

/** What a list of snapshots asks the records for. */
export function snapshotFilter(options: ListOptions): Filter<SnapshotStatus> {
  return filterOf(options, SNAPSHOT_STATUSES);
}

function filterOf<Status extends string>(options: ListOptions, known: readonly Status[]): Filter<Status> {
  const { limit, status, marker, backend, name } = options;
  const given = { marker, backend, name, status: status === undefined ? undefined : statusOf(status, known) };
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...(Object.fromEntries(set) as Partial<Filter<Status>>), limit: parseLimit(limit ?? '1000') };
}

function statusOf<Status extends string>(text: string, known: readonly Status[]): Status {
  const found = known.find((status) => status === text);
  if (found !== undefined) return found;
  throw new UsageError(`--status must be one of ${known.join(', ')}, and is ${JSON.stringify(text)}`);
}

/** How many of a list: at most the 1000 of a page. */
export function parseLimit(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new UsageError(`--limit must be a whole number from 1, and is ${JSON.stringify(text)}`);
}
