import type { Clock, OperationContext, VisibleChange } from '@scoria/core';
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

/** How long another request's report is waited for after one of two has failed, and nothing shows that one goes on. */
export const DOUBT_MS = 60_000;

/** A report comes soon after the change: where the files show that it is made for so long, it was lost. */
export const LATE_MS = 15_000;

/** What is reported where the guest's host has refused. */
const FAILURES: Readonly<Record<SnapshotPhase, string>> = { creating: 'error', deleting: 'error_deleting' };

export interface ExpectedReport extends VisibleChange {
  readonly subject: ReportSubject;
  readonly change: string;
  /** What is reported while all is well. */
  readonly phase: SnapshotPhase;
  readonly limitMs: number;
  /**
   * It may have been asked for twice. While the first is at it, the second fails: a failure is not the end then, as long
   * as the files show that it goes on, and for a minute more.
   */
  readonly inDoubt: boolean;
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

interface WaitPorts {
  readonly clock: Clock;
  readonly reports: SnapshotReports;
}

/** What one look has found: what was reported, and what the files show. */
interface Look extends WaitEnd {
  readonly shown: 'made' | 'going-on' | undefined;
}

/**
 * Looks at the record, and at the files, until there is something final, or the limit is over (`pending`). What cannot be
 * read for a while is looked at again. A report is sent once only and may be lost: what the files show for long enough is
 * believed.
 * @throws the signal's reason
 */
export async function waitForReport(
  context: OperationContext,
  ports: WaitPorts,
  expected: ExpectedReport,
): Promise<WaitEnd> {
  const { clock } = ports;
  const began = clock.now();
  const watch = new Watch(expected, began);
  for (let now = began; now < watch.end; now = clock.now()) {
    await clock.sleep(Math.min(pauseAfter(now - began), watch.end - now), context.signal);
    const found = watch.judge(await look(context, ports.reports, expected), clock.now());
    if (found !== undefined) return found;
  }
  return watch.failure ?? { outcome: 'pending' };
}

/** What the looks so far amount to. */
class Watch {
  /** When nothing more is waited for; a time. */
  end: number;
  /** Of one of two requests. */
  failure: WaitEnd | undefined;
  readonly #limit: number;
  #madeSince: number | undefined;

  constructor(
    private readonly expected: ExpectedReport,
    began: number,
  ) {
    this.#limit = began + expected.limitMs;
    this.end = this.#limit;
  }

  /** @returns the end, where there is one */
  judge(found: Look, now: number): WaitEnd | undefined {
    if (isFinal(found, this.expected)) return found;
    this.#madeSince = found.shown === 'made' ? (this.#madeSince ?? now) : undefined;
    if (this.#madeSince !== undefined && now - this.#madeSince >= LATE_MS)
      return { ...found, outcome: 'done' };
    if (found.outcome !== 'failed') this.failure = undefined;
    else if (this.failure === undefined || found.shown === 'going-on') {
      this.end = Math.min(this.#limit, now + DOUBT_MS);
      this.failure = found;
    }
    return undefined;
  }
}

function isFinal({ outcome }: Look, { inDoubt }: ExpectedReport): boolean {
  return outcome === 'done' || outcome === 'strange' || (outcome === 'failed' && !inDoubt);
}

async function look(
  context: OperationContext,
  reports: SnapshotReports,
  expected: ExpectedReport,
): Promise<Look> {
  try {
    const reported = await reports.read(expected.subject);
    const shown = await expected.shown?.();
    return { outcome: outcomeOf(reported, expected), report: reported?.report, shown };
  } catch (error) {
    const fields = { snapshotId: expected.subject.snapshotId, reason: messageOf(error) };
    context.logger.warn("a snapshot's record or files could not be read and are looked at again", fields);
    return { outcome: 'pending', shown: undefined };
  }
}

/** How long to wait before the next look, by how long was waited so far. */
export function pauseAfter(waitedMs: number): number {
  return PACE.find(([until]) => waitedMs < until)?.[1] ?? SLOWEST_MS;
}
