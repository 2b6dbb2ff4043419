import type { AskedChange, ReportedSnapshot } from '@scoria/compute';
import type { ComputeReport, SnapshotRecord } from '@scoria/store';

/** The states in which a compute service may be at work on a snapshot. */
export const PASSING_STATES = ['creating', 'deleting'] as const satisfies readonly SnapshotRecord['status'][];
export type PassingState = (typeof PASSING_STATES)[number];

export function isPassing(status: string): status is PassingState {
  return PASSING_STATES.some((state) => state === status);
}

/** What a record says while something is asked for that nothing was reported of. */
export function askedReport({ change, phase, inDoubt }: AskedChange, during: PassingState): ComputeReport {
  return { during, phase, asked: change, inDoubt };
}

/** What was asked for, and what was reported of it; nothing where nobody had asked. */
export function saidIn({
  asked: change,
  phase,
  during,
  inDoubt,
  status,
  progress,
}: ComputeReport): Pick<ReportedSnapshot, 'asked' | 'report'> {
  if (change === undefined) return {};
  const asked = { change, phase: phase ?? during, inDoubt: inDoubt === true };
  if (status === undefined) return { asked };
  return { asked, report: { status, ...(progress === undefined ? {} : { progress }) } };
}
