import type { Clock, OperationContext } from '@scoria/core';
import { messageOf } from '@scoria/core';
import type {
  ReportedSnapshot,
  ReportSubject,
  SnapshotPhase,
  SnapshotReport,
  SnapshotReports,
} from './snapshot-reports.js';

/** What Nova says when its part is done; the rest of the way is ours. */
const DONE = '90%';

/** How often is looked: every second at first, less often as time goes on. Milliseconds. */
const PACE: readonly (readonly [until: number, pause: number])[] = [
  [10_000, 1_000],
  [20_000, 2_000],
  [60_000, 5_000],
];
const SLOWEST_MS = 10_000;

/** What is reported where the guest's host has refused. */
const FAILURES: Readonly<Record<SnapshotPhase, string>> = { creating: 'error', deleting: 'error_deleting' };

export interface ExpectedReport {
  readonly subject: ReportSubject;
  readonly change: string;
  /** What is reported while all is well. */
  readonly phase: SnapshotPhase;
  readonly limitMs: number;
}

/**
 * | outcome | meaning |
 * | --- | --- |
 * | `done` | the guest's host has made the change |
 * | `failed` | it says that it could not |
 * | `strange` | something was reported that does not belong to the change, or nothing can be reported any more |
 * | `pending` | nothing final was reported |
 */
export type ReportOutcome = 'done' | 'failed' | 'strange' | 'pending';

/** What a snapshot's record says of a change. */
export function outcomeOf(
  reported: ReportedSnapshot | undefined,
  { change, phase }: Pick<ExpectedReport, 'change' | 'phase'>,
): ReportOutcome {
  if (reported?.asked?.change !== change) return 'strange';
  const { report } = reported;
  if (report === undefined) return 'pending';
  if (report.status === phase) return report.progress === DONE ? 'done' : 'pending';
  return report.status === FAILURES[phase] ? 'failed' : 'strange';
}

export interface WaitEnd {
  readonly outcome: ReportOutcome;
  /** What was reported last. */
  readonly report?: SnapshotReport | undefined;
}

/**
 * Looks at the record until there is something final, or the limit is over (`pending`). Records that cannot be read
 * for a while are looked at again.
 * @throws the signal's reason
 */
export async function waitForReport(
  context: OperationContext,
  { clock, reports }: { readonly clock: Clock; readonly reports: SnapshotReports },
  expected: ExpectedReport,
): Promise<WaitEnd> {
  const began = clock.now();
  for (;;) {
    const waited = clock.now() - began;
    if (waited >= expected.limitMs) return { outcome: 'pending' };
    await clock.sleep(Math.min(pauseAfter(waited), expected.limitMs - waited), context.signal);
    const end = await look(context, reports, expected);
    if (end.outcome !== 'pending') return end;
  }
}

async function look(
  context: OperationContext,
  reports: SnapshotReports,
  expected: ExpectedReport,
): Promise<WaitEnd> {
  try {
    const reported = await reports.read(expected.subject);
    return { outcome: outcomeOf(reported, expected), report: reported?.report };
  } catch (error) {
    const fields = { snapshotId: expected.subject.snapshotId, reason: messageOf(error) };
    context.logger.warn("a snapshot's record could not be read and is looked at again", fields);
    return { outcome: 'pending' };
  }
}

/** How long to wait before the next look, by how long was waited so far. */
export function pauseAfter(waitedMs: number): number {
  return PACE.find(([until]) => waitedMs < until)?.[1] ?? SLOWEST_MS;
}
