/** What the compute service was asked to change, so that its report is taken for that and nothing else. */
export interface AskedChange {
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
  /** `undefined` where nobody could report on it: it has no record, or nothing is being done to it. */
  read(snapshotId: string): Promise<ReportedSnapshot | undefined>;
  /**
   * Notes, durably, what is asked for now; what was reported before it is forgotten.
   * @throws DriverError `invalid-state` where nobody could report on it
   */
  expect(snapshotId: string, asked: AskedChange): Promise<void>;
  /** Forgets what was asked for, because the compute service never heard of it. Nothing to forget is fine. */
  forget(snapshotId: string): Promise<void>;
}
