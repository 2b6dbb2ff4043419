import { DriverError } from '@scoria/core';
import type {
  AskedChange,
  ReportedSnapshot,
  ReportSubject,
  SnapshotReport,
  SnapshotReports,
} from '../nova/snapshot-reports.js';

/** One snapshot's record, in memory. */
export class MemoryReports implements SnapshotReports {
  asked: AskedChange | undefined;
  report: SnapshotReport | undefined;
  readonly settled: ('done' | 'failed')[] = [];
  /** Whether the snapshot is being taken or removed. */
  isPassing = true;
  /** Called with each look, which it may fail. */
  onRead: () => void = () => {};

  constructor(
    readonly snapshotId: string,
    readonly volumeId: string,
  ) {}

  async read({ snapshotId }: ReportSubject): Promise<ReportedSnapshot | undefined> {
    this.onRead();
    if (!this.isPassing || snapshotId !== this.snapshotId) return Promise.resolve(undefined);
    const { volumeId, asked, report } = this;
    return Promise.resolve({
      volumeId,
      ...(asked === undefined ? {} : { asked }),
      ...(report === undefined ? {} : { report }),
    });
  }

  async expect({ snapshotId }: ReportSubject, asked: AskedChange): Promise<void> {
    if (!this.isPassing || snapshotId !== this.snapshotId)
      throw new DriverError({ code: 'invalid-state', message: 'nobody could report' });
    this.asked = asked;
    this.report = undefined;
    return Promise.resolve();
  }

  async settle(_subject: ReportSubject, end: 'done' | 'failed'): Promise<void> {
    this.settled.push(end);
    return Promise.resolve();
  }

  async forget(): Promise<void> {
    this.asked = undefined;
    this.report = undefined;
    return Promise.resolve();
  }
}
