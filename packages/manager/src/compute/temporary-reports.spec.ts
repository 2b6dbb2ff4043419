import { randomUUID } from 'node:crypto';
import { anAttachmentRecord, aVolumeRecord } from '../views/spec-support/records.js';
import { ViewStage } from '../views/spec-support/stage.js';
import { SnapshotReporting } from './snapshot-reporting.js';
import { StoredReports } from './stored-reports.js';

const CALLER = { projectId: 'service' };
const TAKING = { change: 'switch to b', phase: 'creating', inDoubt: false } as const;
const REMOVAL = { change: 'pull a into b', phase: 'deleting', inDoubt: false } as const;
const NOW = '2026-01-01T00:00:00.000Z';

/** A volume that has another id on its backend, in use, and the id of a snapshot that nobody has recorded. */
class Stage implements AsyncDisposable {
  readonly volume = aVolumeRecord({ status: 'in-use', nameId: randomUUID() });
  readonly subject = { snapshotId: `tmp-snap-${randomUUID()}`, attachmentId: randomUUID() };

  private constructor(private readonly views: ViewStage) {}

  static async open(): Promise<Stage> {
    const stage = new Stage(await ViewStage.open());
    const { store } = stage.views;
    await store.insertVolume(stage.volume);
    await store.insertAttachment(
      anAttachmentRecord({ id: stage.subject.attachmentId, volumeId: stage.volume.id, status: 'attached' }),
    );
    return stage;
  }

  get reports(): StoredReports {
    return new StoredReports({ store: this.views.store, now: NOW });
  }

  get reporting(): SnapshotReporting {
    return new SnapshotReporting(this.views.store);
  }

  async report(status: string): Promise<void> {
    await this.reporting.report(CALLER, this.subject.snapshotId, { status, progress: '90%' });
  }

  /** The state that the compute service is shown, `undefined` where it is told that there is no such snapshot. */
  async shown(): Promise<string | undefined> {
    return this.reporting.show(this.subject.snapshotId).then(
      ({ status }) => status,
      (error: unknown) => {
        expect(error).toMatchObject({ code: 'not-found' });
        return undefined;
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.views[Symbol.asyncDispose]();
  }
}

describe('a report on a temporary snapshot', () => {
  it('arrives from the request on, for the volume by its id in the records', async () => {
    await using stage = await Stage.open();
    const { reports, subject, volume } = stage;
    expect(await reports.read(subject)).toEqual({ volumeId: volume.id });
    await expect(stage.report('creating')).rejects.toMatchObject({ code: 'not-found' });
    await reports.expect(subject, TAKING);
    expect(await reports.read(subject)).toEqual({ volumeId: volume.id, asked: TAKING });
    await stage.report('creating');
    const report = { status: 'creating', progress: '90%' };
    expect(await reports.read(subject)).toEqual({ volumeId: volume.id, asked: TAKING, report });
    expect(await stage.reporting.show(subject.snapshotId)).toMatchObject({
      status: 'creating',
      volumeId: volume.id,
      projectId: volume.projectId,
      sizeBytes: volume.sizeBytes,
    });
  });

  it('is settled: who looks at the snapshot sees it, and who goes on still knows what is done', async () => {
    await using stage = await Stage.open();
    const { reports, subject } = stage;
    await reports.expect(subject, TAKING);
    await stage.report('creating');
    await reports.settle(subject, 'done');
    expect(await stage.shown()).toBe('available');
    expect(await reports.read(subject)).toMatchObject({ asked: TAKING, report: { progress: '90%' } });
    await reports.expect(subject, REMOVAL);
    expect(await stage.shown()).toBe('deleting');
    expect(await reports.read(subject)).toEqual({ volumeId: stage.volume.id, asked: REMOVAL });
    await stage.report('deleting');
    await reports.settle(subject, 'done');
    expect(await stage.shown()).toBeUndefined();
    expect(await reports.read(subject)).toMatchObject({ asked: REMOVAL, report: { progress: '90%' } });
    await expect(stage.report('deleting')).rejects.toMatchObject({ code: 'conflict' });
  });

  it.each([
    [TAKING, 'error'],
    [REMOVAL, 'error_deleting'],
  ] as const)('of a failure is settled as one', async (asked, status) => {
    await using stage = await Stage.open();
    await stage.reports.expect(stage.subject, asked);
    await stage.report(status);
    await stage.reports.settle(stage.subject, 'failed');
    expect(await stage.shown()).toBe(status);
  });

  it('of the time when it was taken is not taken for one of its removal', async () => {
    await using stage = await Stage.open();
    await stage.reports.expect(stage.subject, REMOVAL);
    for (const late of ['creating', 'error'])
      await expect(stage.report(late)).rejects.toMatchObject({ code: 'conflict' });
    expect(await stage.reports.read(stage.subject)).toEqual({ volumeId: stage.volume.id, asked: REMOVAL });
  });

  it('is not expected any more of what was never heard of', async () => {
    await using stage = await Stage.open();
    const { reports, subject } = stage;
    await reports.expect(subject, TAKING);
    await reports.forget(subject);
    expect(await stage.shown()).toBeUndefined();
    await reports.expect(subject, REMOVAL);
    await reports.forget(subject);
    expect(await stage.shown()).toBe('available');
    expect(await reports.read(subject)).toEqual({ volumeId: stage.volume.id });
  });

  it('is not waited for where the attachment has no record', async () => {
    await using stage = await Stage.open();
    const stranger = { ...stage.subject, attachmentId: 'none' };
    expect(await stage.reports.read(stranger)).toBeUndefined();
    await expect(stage.reports.expect(stranger, TAKING)).rejects.toMatchObject({ code: 'invalid-state' });
  });
});
