import type { ComputeReport, Records, SnapshotRecord } from '@scoria/store';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { ManagerError } from '../errors.js';
import type { Caller } from '../requests.js';
import { isPassing, PASSING_STATES } from './stored-reports.js';

/** What a compute service says of a snapshot that is taken or removed by its guest's host. */
export interface SnapshotStatusReport {
  /** One of Cinder's `os-update_snapshot_status`: `creating`, `deleting`, `error`, `error_deleting`, `available`. */
  readonly status: string;
  /** A whole percentage: `90%` is the end of the compute service's part. */
  readonly progress?: string;
}

const STATUSES = ['creating', 'deleting', 'error', 'error_deleting', 'available'];
const PROGRESS = /^(?:\d{1,2}|100)%$/;

/** Takes down what a compute service reports; whoever waits for it looks there. */
@injectable()
export class SnapshotReporting {
  constructor(@inject(Store) private readonly store: Store) {}

  /** The snapshot, whosever it is: a compute service works on those of all projects. @throws ManagerError `not-found` */
  async show(snapshotId: string): Promise<SnapshotRecord> {
    const snapshot = await this.store.getSnapshot(snapshotId);
    if (snapshot !== undefined) return snapshot;
    throw notThere(snapshotId);
  }

  /** @throws ManagerError `invalid-input`, `not-found`, `conflict` where nothing is being done to the snapshot */
  async report(_caller: Caller, snapshotId: string, report: SnapshotStatusReport): Promise<void> {
    requireReport(snapshotId, report);
    await this.store.transaction(async (records) => {
      const snapshot = await lockedSnapshot(records, snapshotId);
      const { status: during, computeReport: before } = snapshot;
      if (!isPassing(during)) throw nothingGoesOn(snapshot);
      const asked = before?.during === during ? askedIn(before) : {};
      const { status, progress } = report;
      const said = progress === undefined ? { status } : { status, progress };
      const computeReport = { ...asked, during, ...said };
      await records.changeSnapshot(snapshotId, [during], { computeReport });
    });
  }
}

async function lockedSnapshot(records: Records, snapshotId: string): Promise<SnapshotRecord> {
  await records.changeSnapshot(snapshotId, PASSING_STATES, {});
  const snapshot = await records.getSnapshot(snapshotId);
  if (snapshot !== undefined) return snapshot;
  throw notThere(snapshotId);
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

function nothingGoesOn({ id, status }: SnapshotRecord): ManagerError {
  return new ManagerError({
    code: 'conflict',
    message: `the snapshot ${id} is ${status}: it is neither being taken nor removed, and there is nothing to report`,
    details: { snapshot: id, status },
  });
}
