import type { AskedChange, ReportedSnapshot, SnapshotReports } from '@scoria/compute';
import { DriverError } from '@scoria/core';
import type { SnapshotRecord } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { Ports } from '../ports.js';

/** The states in which a compute service may be at work on a snapshot. */
export const PASSING_STATES = ['creating', 'deleting'] as const satisfies readonly SnapshotRecord['status'][];
export type PassingState = (typeof PASSING_STATES)[number];

export function isPassing(status: string): status is PassingState {
  return PASSING_STATES.some((state) => state === status);
}

/** The reports of the compute service, in the snapshots' records. What belongs to an earlier state is not read. */
@injectable()
export class StoredReports implements SnapshotReports {
  constructor(@inject(Ports) private readonly ports: Pick<Ports, 'store'>) {}

  async read(snapshotId: string): Promise<ReportedSnapshot | undefined> {
    const snapshot = await this.ports.store.getSnapshot(snapshotId);
    if (snapshot === undefined || !isPassing(snapshot.status)) return undefined;
    const { volumeId, status, computeReport: stored } = snapshot;
    if (stored?.asked === undefined || stored.during !== status) return { volumeId };
    const asked = { change: stored.asked, inDoubt: stored.inDoubt === true };
    return { volumeId, asked, ...reportIn(stored) };
  }

  async expect(snapshotId: string, { change, inDoubt }: AskedChange): Promise<void> {
    for (const during of PASSING_STATES) {
      const computeReport = { during, asked: change, inDoubt };
      if (await this.ports.store.changeSnapshot(snapshotId, [during], { computeReport })) return;
    }
    throw new DriverError({
      code: 'invalid-state',
      message: `the snapshot ${snapshotId} has no record that is creating or deleting, so that no report on it could arrive`,
      details: { snapshotId },
    });
  }

  async forget(snapshotId: string): Promise<void> {
    await this.ports.store.changeSnapshot(snapshotId, PASSING_STATES, { computeReport: undefined });
  }
}

function reportIn({
  status,
  progress,
}: NonNullable<SnapshotRecord['computeReport']>): Pick<ReportedSnapshot, 'report'> {
  if (status === undefined) return {};
  return { report: { status, ...(progress === undefined ? {} : { progress }) } };
}
