import type { AskedChange, ReportedSnapshot, ReportSubject, SnapshotReports } from '@scoria/compute';
import { DriverError } from '@scoria/core';
import { inject, injectable } from 'inversify';
import { Ports } from '../ports.js';
import { askedReport, isPassing, PASSING_STATES, saidIn } from './report-fields.js';
import { TemporaryReports } from './temporary-reports.js';

/**
 * The reports of the compute service, in the snapshots' records; of what has none, in temporary ones. What belongs to an
 * earlier state is not read.
 */
@injectable()
export class StoredReports implements SnapshotReports {
  readonly #temporary: TemporaryReports;

  constructor(@inject(Ports) private readonly ports: Pick<Ports, 'store' | 'now'>) {
    this.#temporary = new TemporaryReports(ports);
  }

  async read(subject: ReportSubject): Promise<ReportedSnapshot | undefined> {
    const snapshot = await this.ports.store.getSnapshot(subject.snapshotId);
    if (snapshot === undefined) return this.#temporary.read(subject);
    if (!isPassing(snapshot.status)) return undefined;
    const { volumeId, status, computeReport: stored } = snapshot;
    return stored?.during === status ? { volumeId, ...saidIn(stored) } : { volumeId };
  }

  async expect(subject: ReportSubject, asked: AskedChange): Promise<void> {
    const { snapshotId } = subject;
    for (const during of PASSING_STATES) {
      const computeReport = askedReport(asked, during);
      if (await this.ports.store.changeSnapshot(snapshotId, [during], { computeReport })) return;
    }
    const isOurs = (await this.ports.store.getSnapshot(snapshotId)) === undefined;
    if (isOurs && (await this.#temporary.expect(subject, asked))) return;
    throw new DriverError({
      code: 'invalid-state',
      message:
        `the snapshot ${snapshotId} is neither being taken nor removed, or has no record and an attachment without ` +
        `one, so that no report on it could arrive`,
      details: { snapshotId },
    });
  }

  async forget(subject: ReportSubject): Promise<void> {
    const cleared = { computeReport: undefined };
    if (await this.ports.store.changeSnapshot(subject.snapshotId, PASSING_STATES, cleared)) return;
    await this.#temporary.forget(subject);
  }

  async settle(subject: ReportSubject, end: 'done' | 'failed'): Promise<void> {
    await this.#temporary.settle(subject, end);
  }
}
