import type { GuestDisk, OperationContext, ShownByFiles } from '@scoria/core';
import { createContext, DriverError } from '@scoria/core';
import type { JobEnd } from '@scoria/testkit';
import { FakeClock, FakeCloud, MemoryLogger } from '@scoria/testkit';
import { createNovaCompute } from '../create-nova-compute.js';
import { everythingIn, SECRET, settingsOf } from './cloud-settings.js';
import { MemoryReports } from './memory-reports.js';

export const VOLUME = '11111111-1111-4111-8111-111111111111';
export const SNAPSHOT = '22222222-2222-4222-8222-222222222222';
export const SERVER = '33333333-3333-4333-8333-333333333333';
const DIRECTORY = '/srv/mnt/share';

export const BASE = { path: `${DIRECTORY}/volume-1`, format: 'raw' } as const;
export const LOWER = { path: `${DIRECTORY}/volume-1.aaaa`, format: 'qcow2' } as const;
export const OVERLAY = `${DIRECTORY}/volume-1.bbbb`;

/** A disk of a server of a fake cloud. What a job ends with is in the record as soon as Nova has ended it. */
export class DiskStage implements AsyncDisposable {
  readonly reports = new MemoryReports(SNAPSHOT, VOLUME);
  readonly clock = new FakeClock({ autoAdvance: true });
  readonly logger = new MemoryLogger();
  readonly abort = new AbortController();
  readonly context: OperationContext = createContext({
    requestId: 'req-44444444-4444-4444-8444-444444444444',
    logger: this.logger,
    signal: this.abort.signal,
  });
  /** How a job ends. */
  end: JobEnd = undefined;
  /** What the files show. */
  shown: ShownByFiles = async () => Promise.resolve(undefined);

  private constructor(readonly cloud: FakeCloud) {
    cloud.nova.volumes.set(VOLUME, 'ready');
    cloud.nova.work = () => {
      this.reports.report = this.end;
      return undefined;
    };
  }

  static async open(end?: JobEnd): Promise<DiskStage> {
    const stage = new DiskStage(await FakeCloud.start());
    stage.end = end;
    return stage;
  }

  async disk(snapshotId = SNAPSHOT): Promise<GuestDisk> {
    const compute = createNovaCompute(settingsOf(this.cloud), this);
    const attachment = { id: 'attachment-1', host: 'node-1', instanceId: SERVER };
    const disk = await compute.openDisk(this.context, {
      volume: { id: 'backend-id' },
      attachment,
      snapshotId,
    });
    if (disk === undefined) throw new Error('there is no disk');
    return disk;
  }

  async take(): Promise<void> {
    await (
      await this.disk()
    ).takeSnapshot(this.context, {
      active: LOWER,
      overlay: OVERLAY,
      shown: async () => this.shown(),
    });
  }

  async commit(): Promise<void> {
    await (
      await this.disk()
    ).commit(this.context, {
      active: OVERLAY,
      file: LOWER.path,
      base: BASE,
      shown: async () => this.shown(),
    });
  }

  async pull(withBase = true): Promise<void> {
    const shown: ShownByFiles = async () => this.shown();
    const change = { active: OVERLAY, file: LOWER.path, shown, ...(withBase ? { base: BASE } : {}) };
    await (await this.disk()).pull(this.context, change);
  }

  /** How a change is refused; there is no secret in anything that is said. */
  async refusal(change: () => Promise<unknown>): Promise<DriverError> {
    const error = await change().then(
      () => undefined,
      (cause: unknown) => cause,
    );
    expect(error).toBeInstanceOf(DriverError);
    expect(everythingIn(error)).not.toContain(SECRET);
    expect(JSON.stringify(this.logger.lines)).not.toContain(SECRET);
    return error as DriverError;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cloud[Symbol.asyncDispose]();
  }
}
