import type { AskedChange, ReportedSnapshot, ReportSubject } from '@scoria/compute';
import type { TemporarySnapshotStatus } from '@scoria/store';
import type { Ports } from '../ports.js';
import { askedReport, saidIn } from './report-fields.js';

type Ends = Readonly<Record<'done' | 'failed', TemporarySnapshotStatus>>;

const ENDS: Readonly<Record<'creating' | 'deleting', Ends>> = {
  creating: { done: 'available', failed: 'error' },
  deleting: { done: 'deleted', failed: 'error_deleting' },
};

/**
 * The reports on snapshots that nobody has asked for but a clone, and that have no record otherwise. What has ended stays
 * until the history is pruned: whoever goes on with an operation that was cut off looks there for what is done.
 */
export class TemporaryReports {
  constructor(private readonly ports: Pick<Ports, 'store' | 'now'>) {}

  /** `undefined` where the volume is not known. */
  async read(subject: ReportSubject): Promise<ReportedSnapshot | undefined> {
    const snapshot = await this.ports.store.getTemporarySnapshot(subject.snapshotId);
    if (snapshot !== undefined) return { volumeId: snapshot.volumeId, ...saidIn(snapshot.computeReport) };
    const volumeId = await this.#volumeOf(subject);
    return volumeId === undefined ? undefined : { volumeId };
  }

  /** False where the volume is not known. */
  async expect(subject: ReportSubject, asked: AskedChange): Promise<boolean> {
    const { store, now } = this.ports;
    const { phase } = asked;
    const volumeId = await this.#volumeOf(subject);
    if (volumeId === undefined) return false;
    const before = await store.getTemporarySnapshot(subject.snapshotId);
    await store.putTemporarySnapshot({
      id: subject.snapshotId,
      volumeId,
      status: phase,
      computeReport: askedReport(asked, phase),
      createdAt: before?.createdAt ?? now,
      updatedAt: now,
    });
    return true;
  }

  /** One that was to be taken never was, and one that was to be removed is there. */
  async forget({ snapshotId }: ReportSubject): Promise<void> {
    const { store } = this.ports;
    const kept = { status: 'available', computeReport: { during: 'creating' } } as const;
    if (await store.changeTemporarySnapshot(snapshotId, ['deleting'], kept)) return;
    await store.removeTemporarySnapshot(snapshotId);
  }

  async settle({ snapshotId }: ReportSubject, end: 'done' | 'failed'): Promise<void> {
    for (const phase of ['creating', 'deleting'] as const) {
      const change = { status: ENDS[phase][end] };
      if (await this.ports.store.changeTemporarySnapshot(snapshotId, [phase], change)) return;
    }
  }

  /** The volume's id in the records, which is the one that the compute service knows. */
  async #volumeOf({ attachmentId }: ReportSubject): Promise<string | undefined> {
    return (await this.ports.store.getAttachment(attachmentId))?.volumeId;
  }
}
