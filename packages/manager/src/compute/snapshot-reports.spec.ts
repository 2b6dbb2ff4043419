import type { ReportSubject } from '@scoria/compute';
import type { SnapshotRecord } from '@scoria/store';
import { ViewStage } from '../views/spec-support/stage.js';
import { aSnapshotRecord, aVolumeRecord } from '../views/spec-support/records.js';
import type { SnapshotStatusReport } from './snapshot-reporting.js';
import { SnapshotReporting } from './snapshot-reporting.js';
import { StoredReports } from './stored-reports.js';

const CALLER = { projectId: 'service' };
const ASKED = { change: 'switch to b', phase: 'creating', inDoubt: false } as const;
const REMOVAL = { change: 'pull a into b', phase: 'deleting', inDoubt: false } as const;

const NOBODYS = { snapshotId: 'none', attachmentId: 'none' };

class Stage implements AsyncDisposable {
  private constructor(
    private readonly views: ViewStage,
    readonly snapshot: SnapshotRecord,
  ) {}

  static async open(status: SnapshotRecord['status']): Promise<Stage> {
    const views = await ViewStage.open();
    const volume = aVolumeRecord();
    const snapshot = aSnapshotRecord({ volumeId: volume.id, status });
    await views.store.insertVolume(volume);
    await views.store.insertSnapshot(snapshot);
    return new Stage(views, snapshot);
  }

  get reports(): StoredReports {
    return new StoredReports({ store: this.views.store, now: '2026-01-01T00:00:00.000Z' });
  }

  /** The snapshot, as who asks for changes names it. */
  get subject(): ReportSubject {
    return { snapshotId: this.snapshot.id, attachmentId: 'none' };
  }

  async report(report: SnapshotStatusReport, id = this.snapshot.id): Promise<void> {
    await new SnapshotReporting(this.views.store).report(CALLER, id, report);
  }

  async enter(status: SnapshotRecord['status']): Promise<void> {
    await this.views.store.changeSnapshot(this.snapshot.id, ['creating', 'deleting', 'available'], {
      status,
    });
  }

  async stored(): Promise<SnapshotRecord | undefined> {
    return this.views.store.getSnapshot(this.snapshot.id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.views[Symbol.asyncDispose]();
  }
}

describe('a report of a compute service', () => {
  it('is read by who has asked, and changes nothing else of the snapshot', async () => {
    await using stage = await Stage.open('creating');
    const { volumeId } = stage.snapshot;
    expect(await stage.reports.read(stage.subject)).toEqual({ volumeId });
    await stage.reports.expect(stage.subject, ASKED);
    expect(await stage.reports.read(stage.subject)).toEqual({ volumeId, asked: ASKED });
    const report = { status: 'creating', progress: '90%' };
    await stage.report(report);
    expect(await stage.reports.read(stage.subject)).toEqual({ volumeId, asked: ASKED, report });
    const { computeReport: _, updatedAt: __, ...rest } = (await stage.stored())!;
    expect(stage.snapshot).toMatchObject(rest);
  });

  it('takes the place of the one before it', async () => {
    await using stage = await Stage.open('deleting');
    await stage.reports.expect(stage.subject, { ...REMOVAL, inDoubt: true });
    await stage.report({ status: 'deleting', progress: '90%' });
    await stage.report({ status: 'error_deleting' });
    expect(await stage.reports.read(stage.subject)).toMatchObject({
      asked: { ...REMOVAL, inDoubt: true },
      report: { status: 'error_deleting' },
    });
    expect((await stage.stored())?.computeReport).not.toHaveProperty('progress');
  });

  it('is forgotten when something is asked for again, or never was', async () => {
    await using stage = await Stage.open('creating');
    const { volumeId } = stage.snapshot;
    await stage.reports.expect(stage.subject, ASKED);
    await stage.report({ status: 'error' });
    await stage.reports.expect(stage.subject, ASKED);
    expect(await stage.reports.read(stage.subject)).toEqual({ volumeId, asked: ASKED });
    await stage.reports.forget(stage.subject);
    expect(await stage.reports.read(stage.subject)).toEqual({ volumeId });
  });

  it('of the time when a snapshot was taken says nothing of its removal', async () => {
    await using stage = await Stage.open('creating');
    const { volumeId } = stage.snapshot;
    await stage.reports.expect(stage.subject, ASKED);
    await stage.report({ status: 'creating', progress: '90%' });
    await stage.enter('available');
    expect(await stage.reports.read(stage.subject)).toBeUndefined();
    await stage.enter('deleting');
    expect(await stage.reports.read(stage.subject)).toEqual({ volumeId });
    await stage.report({ status: 'deleting', progress: '90%' });
    expect((await stage.stored())?.computeReport).toEqual({
      during: 'deleting',
      status: 'deleting',
      progress: '90%',
    });
  });

  it.each(['creating', 'deleting', 'error', 'error_deleting', 'available'])('may be %s', async (status) => {
    await using stage = await Stage.open('creating');
    await stage.report({ status });
    expect((await stage.stored())?.computeReport).toEqual({ during: 'creating', status });
  });

  it.each([
    ['deleting', ASKED],
    ['creating', REMOVAL],
  ] as const)('(%s) that belongs to another phase is not taken', async (status, asked) => {
    await using stage = await Stage.open('creating');
    await stage.reports.expect(stage.subject, asked);
    await expect(stage.report({ status, progress: '90%' })).rejects.toMatchObject({ code: 'conflict' });
    expect(await stage.reports.read(stage.subject)).toEqual({ volumeId: stage.snapshot.volumeId, asked });
  });

  it.each([
    [
      'a snapshot that is there',
      'available',
      'conflict',
      /is available: it is neither being taken nor removed/,
    ],
    ['one in error', 'error', 'conflict', /is error:/],
  ] as const)('is not taken of %s', async (_, status, code, message) => {
    await using stage = await Stage.open(status);
    await expect(stage.report({ status: 'creating' })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
    expect(await stage.stored()).toEqual(stage.snapshot);
    await expect(stage.reports.expect(stage.subject, ASKED)).rejects.toMatchObject({
      code: 'invalid-state',
    });
  });

  it.each<[string, SnapshotStatusReport]>([
    ['another status', { status: 'in-use' }],
    ['no status', { status: '' }],
    ['101 percent', { status: 'creating', progress: '101%' }],
    ['a negative percentage', { status: 'creating', progress: '-1%' }],
    ['no percentage', { status: 'creating', progress: '90' }],
    ['a text', { status: 'creating', progress: 'nearly%' }],
  ])('with %s is refused', async (_, report) => {
    await using stage = await Stage.open('creating');
    await expect(stage.report(report)).rejects.toMatchObject({ code: 'invalid-input' });
    expect(await stage.stored()).toEqual(stage.snapshot);
  });

  it('of a snapshot that is not there is refused', async () => {
    await using stage = await Stage.open('creating');
    await expect(stage.report({ status: 'creating' }, 'none')).rejects.toMatchObject({ code: 'not-found' });
    expect(await stage.reports.read(NOBODYS)).toBeUndefined();
    await stage.reports.forget(NOBODYS);
  });
});
