export type SnapshotPhase = 'creating' | 'deleting';

/** A snapshot that is worked on for a guest. */
export interface ReportSubject {
  readonly snapshotId: string;
  /** The guest's: a snapshot for the time of a clone has no record that names its volume. */
  readonly attachmentId: string;
}

/** What the compute service was asked to change, so that its report is taken for that and nothing else. */
export interface AskedChange {
  /** What is reported of it while all is well. A report of the other phase is not taken for it. */
  readonly phase: SnapshotPhase;
  /** The change in one line: `take volume-1.aaaa`. */
  readonly change: string;
  /** The change was asked for before, and nobody knows what became of that: it may be done already. */
  readonly inDoubt: boolean;
}

/** What the compute service says of a snapshot; Nova's part is done at a progress of `90%`. */
export interface SnapshotReport {
  readonly status: string;
  readonly progress?: string;
}

export interface ReportedSnapshot {
  /** The volume, as the compute service knows it. */
  readonly volumeId: string;
  /** What was asked for last, while the snapshot has been in the state it is in. */
  readonly asked?: AskedChange;
  /** What was reported since. */
  readonly report?: SnapshotReport;
}

/** Where reports of the compute service arrive. They outlive a process: it may be another one that waits for them. */
export interface SnapshotReports {
  /** `undefined` where nobody could report on it: nothing is being done to it, or nobody knows its volume. */
  read(subject: ReportSubject): Promise<ReportedSnapshot | undefined>;
  /**
   * Notes, durably, what is asked for now; what was reported before it is forgotten.
   * @throws DriverError `invalid-state` where nobody could report on it
   */
  expect(subject: ReportSubject, asked: AskedChange): Promise<void>;
  /** Forgets what was asked for, because the compute service never heard of it. Nothing to forget is fine. */
  forget(subject: ReportSubject): Promise<void>;
  /**
   * Our part has ended after what was reported last. The compute service looks at a snapshot that it has taken until it
   * is not `creating` any more; one that has a record changes its state by the operation on it, and nothing is done here.
   */
  settle(subject: ReportSubject, end: 'done' | 'failed'): Promise<void>;
}
