import type { ComputeReport, Records, SnapshotRecord } from '@scoria/store';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { ManagerError } from '../errors.js';
import type { Caller } from '../requests.js';
import type { PassingState } from './report-fields.js';
import { isPassing, PASSING_STATES } from './report-fields.js';

/** What a compute service says of a snapshot that is taken or removed by its guest's host. */
export interface SnapshotStatusReport {
  /** One of Cinder's `os-update_snapshot_status`: `creating`, `deleting`, `error`, `error_deleting`, `available`. */
  readonly status: string;
  /** A whole percentage: `90%` is the end of the compute service's part. */
  readonly progress?: string;
}

const STATUSES = ['creating', 'deleting', 'error', 'error_deleting', 'available'];
const PROGRESS = /^(?:\d{1,2}|100)%$/;

/** What may be reported of a snapshot that is being taken, and of one that is being removed. */
const OF_PHASE: Readonly<Record<PassingState, readonly string[]>> = {
  creating: ['creating', 'available', 'error'],
  deleting: ['deleting', 'error_deleting'],
};

/** A snapshot as far as a report is concerned. */
type Reported = Pick<SnapshotRecord, 'id' | 'computeReport'> & { readonly status: string };

/** Takes down what a compute service reports; whoever waits for it looks there. */
@injectable()
export class SnapshotReporting {
  constructor(@inject(Store) private readonly store: Store) {}

  /**
   * The snapshot, whosever it is: a compute service works on those of all projects, and on temporary ones.
   * @throws ManagerError `not-found`
   */
  async show(snapshotId: string): Promise<SnapshotRecord> {
    const snapshot =
      (await this.store.getSnapshot(snapshotId)) ?? (await shownTemporary(this.store, snapshotId));
    if (snapshot !== undefined) return snapshot;
    throw notThere(snapshotId);
  }

  /**
   * @throws ManagerError `invalid-input`, `not-found`, `conflict` where nothing is being done to the snapshot, or
   *   something else than was asked for
   */
  async report(_caller: Caller, snapshotId: string, report: SnapshotStatusReport): Promise<void> {
    requireReport(snapshotId, report);
    await this.store.transaction(async (records) => {
      await records.changeSnapshot(snapshotId, PASSING_STATES, {});
      const snapshot = await records.getSnapshot(snapshotId);
      if (snapshot === undefined) return reportTemporary(records, snapshotId, report);
      const [during, computeReport] = takenDown(snapshot, report);
      await records.changeSnapshot(snapshotId, [during], { computeReport });
    });
  }
}

async function reportTemporary(
  records: Records,
  snapshotId: string,
  report: SnapshotStatusReport,
): Promise<void> {
  await records.changeTemporarySnapshot(snapshotId, PASSING_STATES, {});
  const snapshot = await records.getTemporarySnapshot(snapshotId);
  if (snapshot === undefined) throw notThere(snapshotId);
  const [during, computeReport] = takenDown(snapshot, report);
  await records.changeTemporarySnapshot(snapshotId, [during], { computeReport });
}

/** The state the snapshot is in, and what its record says of the report from now on. */
function takenDown(
  snapshot: Reported,
  { status, progress }: SnapshotStatusReport,
): [PassingState, ComputeReport] {
  const { status: during, computeReport: before } = snapshot;
  if (!isPassing(during)) throw nothingGoesOn(snapshot);
  const asked = before?.during === during ? askedIn(before) : {};
  if (asked.phase !== undefined && !OF_PHASE[asked.phase].includes(status))
    throw ofAnother(snapshot, asked.phase, status);
  return [during, { ...asked, during, status, ...(progress === undefined ? {} : { progress }) }];
}

/** A temporary snapshot in the shape of the others. */
async function shownTemporary(store: Store, snapshotId: string): Promise<SnapshotRecord | undefined> {
  const snapshot = await store.getTemporarySnapshot(snapshotId);
  if (snapshot === undefined || snapshot.status === 'deleted') return undefined;
  const volume = await store.getVolume(snapshot.volumeId);
  return {
    ...snapshot,
    status: snapshot.status,
    name: snapshot.id,
    projectId: volume?.projectId ?? '',
    sizeBytes: volume?.sizeBytes ?? 0,
    providerMetadata: {},
    metadata: {},
    countsInQuota: false,
  };
}

function notThere(snapshotId: string): ManagerError {
  return new ManagerError({
    code: 'not-found',
    message: `there is no snapshot ${JSON.stringify(snapshotId)}`,
    details: { kind: 'snapshot', snapshot: snapshotId },
  });
}

/** What was asked for, without what was reported before. */
function askedIn({ status: _status, progress: _progress, ...asked }: ComputeReport): Partial<ComputeReport> {
  return asked;
}

function requireReport(snapshotId: string, { status, progress }: SnapshotStatusReport): void {
  if (!STATUSES.includes(status))
    throw wrong(snapshotId, `the status must be ${STATUSES.join(', ')}, and not ${JSON.stringify(status)}`);
  if (progress !== undefined && !PROGRESS.test(progress))
    throw wrong(
      snapshotId,
      `the progress must be a whole percentage like 90%, and not ${JSON.stringify(progress)}`,
    );
}

function wrong(snapshotId: string, why: string): ManagerError {
  return new ManagerError({
    code: 'invalid-input',
    message: `the report on the snapshot ${JSON.stringify(snapshotId)} cannot be right: ${why}`,
    details: { snapshot: snapshotId },
  });
}

function ofAnother({ id }: Reported, phase: PassingState, status: string): ManagerError {
  return new ManagerError({
    code: 'conflict',
    message: `the snapshot ${id} is ${phase}: that it is ${status} is a report on something else, and is not taken`,
    details: { snapshot: id, status },
  });
}

function nothingGoesOn({ id, status }: Reported): ManagerError {
  return new ManagerError({
    code: 'conflict',
    message: `the snapshot ${id} is ${status}: it is neither being taken nor removed, and there is nothing to report`,
    details: { snapshot: id, status },
  });
}
