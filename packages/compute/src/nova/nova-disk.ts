import type {
  Clock,
  DiskFile,
  GuestDisk,
  GuestDiskRequest,
  Logger,
  OperationContext,
  VisibleChange,
} from '@scoria/core';
import { DriverError, messageOf } from '@scoria/core';
import path from 'node:path';
import type { NovaCall, NovaClient } from './nova-client.js';
import { NovaRefusal } from './nova-refusal.js';
import type { ExpectedReport, WaitEnd } from './report-wait.js';
import { outcomeOf, waitForReport } from './report-wait.js';
import type { ReportedSnapshot, ReportSubject, SnapshotReports } from './snapshot-reports.js';

const TAKE_MS = 600_000;
const MERGE_MS = 7_200_000;
/** How often is asked again where the server is at something else, and for how long. */
const AGAIN_MS = 10_000;
const BUSY_MS = 120_000;

export interface DiskPorts {
  readonly client: NovaClient;
  readonly reports: SnapshotReports;
  readonly clock: Clock;
}

/** One change of a chain: how Nova is asked for it, and what it reports. */
interface Change extends Omit<ExpectedReport, 'subject' | 'inDoubt'> {
  readonly send: (call: NovaCall, volumeId: string) => Promise<void>;
}

/** A request to Nova: of which volume, and whether it was asked for before and nobody knows what became of that. */
interface Asking {
  readonly volumeId: string;
  readonly inDoubt: boolean;
}

/**
 * A disk of a guest that Nova runs: asked for by HTTP, reported on in the snapshot's record.
 *
 * What is done where the change was asked for before, and that process has ended or given up:
 *
 * | the record and the files show | done |
 * | --- | --- |
 * | reported as done | nothing |
 * | no report, but the files show it made | nothing: the report was lost |
 * | no report: never sent, never heard of, or going on | asked again; where the first is at it, the second fails |
 * | asked again, and the server is at something else | asked again every 10 s for two minutes |
 * | asked again, and one of the two failed | the other's report and the files are looked at: one minute longer than they show that it goes on |
 * | still nothing | `unavailable`: the journal stays, and the next operation looks again |
 */
export class NovaDisk implements GuestDisk {
  /** Known to be made, if only by what the files show. */
  #isMade = false;

  constructor(
    private readonly request: GuestDiskRequest,
    private readonly ports: DiskPorts,
    private readonly logger: Logger,
  ) {}

  get #subject(): ReportSubject {
    const { snapshotId, attachment } = this.request;
    return { snapshotId, attachmentId: attachment.id };
  }

  /**
   * Nova says nothing of files: the only one that is known of is the overlay that it was asked to switch to, once it
   * has reported how that went.
   */
  async hasOpen(file: string): Promise<boolean | undefined> {
    const reported = await this.ports.reports.read(this.#subject);
    const outcome = outcomeOf(reported, takingOf(file));
    if (outcome === 'done') return true;
    return outcome === 'failed' && reported?.asked?.inDoubt === false ? false : undefined;
  }

  async takeSnapshot(
    context: OperationContext,
    { overlay, shown }: { overlay: string } & VisibleChange,
  ): Promise<void> {
    const newFile = plainName(overlay);
    const { snapshotId } = this.request;
    await this.#make(context, {
      ...takingOf(overlay),
      ...(shown === undefined ? {} : { shown }),
      limitMs: TAKE_MS,
      send: (call, volumeId) => this.ports.client.createSnapshot(call, { volumeId, snapshotId, newFile }),
    });
  }

  async commit(
    context: OperationContext,
    { file, base, shown }: { file: string; base: DiskFile } & VisibleChange,
  ): Promise<void> {
    const fileToMerge = plainName(file);
    const mergeTarget = plainName(base.path);
    const change = `commit ${fileToMerge} into ${mergeTarget}`;
    await this.#merge(context, change, { fileToMerge, mergeTarget, shown });
  }

  async pull(
    context: OperationContext,
    { active, file, base, shown }: { active: string; file: string; base?: DiskFile } & VisibleChange,
  ): Promise<void> {
    const fileToMerge = base === undefined ? undefined : plainName(base.path);
    const change = `pull ${plainName(file)} into ${plainName(active)}, down to ${fileToMerge ?? 'nothing'}`;
    await this.#merge(context, change, { fileToMerge, mergeTarget: undefined, shown });
  }

  /**
   * Nothing to do: Nova has no such request. It reports a change as done when the guest's process has ended its job,
   * which it does after a flush, and a guest's own writes are as durable as the guest has asked them to be.
   */
  async flush(): Promise<void> {}

  /** Nothing is held open. Nova is shown that what it waits for has come. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.#isMade) {
        await this.ports.reports.settle(this.#subject, 'done');
        return;
      }
      const reported = await this.ports.reports.read(this.#subject);
      if (reported?.asked === undefined) return;
      const outcome = outcomeOf(reported, reported.asked);
      const isKnown = outcome === 'done' || (outcome === 'failed' && !reported.asked.inDoubt);
      if (isKnown) await this.ports.reports.settle(this.#subject, outcome);
    } catch (error) {
      const fields = { snapshotId: this.request.snapshotId, reason: messageOf(error) };
      this.logger.warn('Nova may go on looking at a snapshot that is done with', fields);
    }
  }

  async #merge(
    context: OperationContext,
    change: string,
    {
      shown,
      ...files
    }: {
      fileToMerge: string | undefined;
      mergeTarget: string | undefined;
      shown: VisibleChange['shown'];
    },
  ): Promise<void> {
    const { snapshotId } = this.request;
    await this.#make(context, {
      change,
      phase: 'deleting',
      ...(shown === undefined ? {} : { shown }),
      limitMs: MERGE_MS,
      send: (call, volumeId) => this.ports.client.deleteSnapshot(call, { volumeId, snapshotId, ...files }),
    });
  }

  async #make(context: OperationContext, change: Change): Promise<void> {
    const reported = await this.#reported(context, change);
    const before = reported.asked?.change === change.change ? outcomeOf(reported, change) : undefined;
    if (before === 'done') return;
    const inDoubt = before !== undefined && (reported.asked?.inDoubt === true || before !== 'failed');
    if (inDoubt && (await change.shown?.()) === 'made') {
      this.#isMade = true;
      return;
    }
    await this.ports.reports.expect(this.#subject, { change: change.change, phase: change.phase, inDoubt });
    await this.#askAndWait(context, change, { volumeId: reported.volumeId, inDoubt });
  }

  /** A server that is at something else may come back to what it was asked first, or take the next request. */
  async #askAndWait(context: OperationContext, change: Change, asking: Asking): Promise<void> {
    const end = this.ports.clock.now() + BUSY_MS;
    for (;;) {
      const busy = await this.#ask(context, change, asking);
      const limitMs = busy === undefined ? change.limitMs : AGAIN_MS;
      const found = await this.#wait(context, { ...change, limitMs }, asking);
      if (busy === undefined || found.outcome !== 'pending') {
        this.#conclude(change, found, asking);
        return;
      }
      if (this.ports.clock.now() >= end)
        throw this.#unsettled(change, `${messageOf(busy)}, for ${BUSY_MS / 1000} s now`, busy);
    }
  }

  async #reported({ signal }: OperationContext, change: Change): Promise<ReportedSnapshot> {
    if (signal.aborted)
      throw this.#error('cancelled', change, 'it was cancelled before it began', signal.reason);
    const reported = await this.ports.reports.read(this.#subject);
    if (reported !== undefined) return reported;
    const why =
      'Nova could report nothing of it: the snapshot is neither being taken nor removed, and if it has no record, its ' +
      'attachment has none either; attach the volume by its records';
    throw this.#error('not-supported', change, why);
  }

  /** @returns why it was not taken, where the first request may be under way: the server is at something else */
  async #ask(
    { requestId, signal, logger }: OperationContext,
    change: Change,
    { volumeId, inDoubt }: Asking,
  ): Promise<NovaRefusal | undefined> {
    try {
      await change.send({ requestId, signal }, volumeId);
      return undefined;
    } catch (cause) {
      if (cause instanceof NovaRefusal && cause.fate === 'busy' && inDoubt) {
        const { snapshotId } = this.request;
        const fields = { snapshotId, change: change.change, reason: cause.message };
        logger.info('Nova was asked before: that request is waited for, and it is asked again', fields);
        return cause;
      }
      const fate = cause instanceof NovaRefusal ? cause.fate : 'refused';
      if (fate === 'unknown' || inDoubt) throw this.#unsettled(change, messageOf(cause), cause);
      await this.ports.reports.forget(this.#subject);
      throw this.#refused(change, cause);
    }
  }

  /** Nothing was asked of Nova, or it has refused: the chain is as it was. */
  #refused(change: Change, cause: unknown): DriverError {
    const isCancelled = cause instanceof DriverError && cause.code === 'cancelled';
    return this.#error(isCancelled ? 'cancelled' : 'failed', change, messageOf(cause), cause);
  }

  async #wait(context: OperationContext, change: Change, { inDoubt }: Asking): Promise<WaitEnd> {
    const expected = { ...change, subject: this.#subject, inDoubt };
    return waitForReport(context, this.ports, expected).catch((cause: unknown) => {
      throw this.#unsettled(change, 'the operation was cancelled while Nova was at it', cause);
    });
  }

  /** @throws DriverError unless it is made */
  #conclude(change: Change, { outcome, report }: WaitEnd, { inDoubt }: Asking): void {
    const said = report === undefined ? 'nothing' : `${report.status} ${report.progress ?? ''}`.trim();
    if (outcome === 'done') this.#isMade = true;
    else if (outcome === 'pending')
      throw this.#unsettled(change, `it has not reported that it was done within ${change.limitMs / 1000} s`);
    else if (outcome === 'strange')
      throw this.#unsettled(change, `its report is ${said}, which does not belong to it`);
    else if (inDoubt) throw this.#unsettled(change, `it was asked twice, and reports ${said} of one of them`);
    else
      throw this.#error(
        'failed',
        change,
        `its host could not (reported: ${said}); the log of nova-compute says why`,
      );
  }

  /** Nobody can tell now whether the change is made. */
  #unsettled(change: Change, why: string, cause?: unknown): DriverError {
    return this.#error(
      'unavailable',
      change,
      `${why}; it may be done, or go on: see the log of nova-compute. The next operation on the volume looks again; ` +
        `where the server does not come back, detach the volume`,
      cause,
    );
  }

  #error(code: DriverError['code'], { change }: Change, why: string, cause?: unknown): DriverError {
    const { volume, snapshotId, attachment } = this.request;
    const server = attachment.instanceId ?? '';
    return new DriverError({
      code,
      message: `Nova's server ${server} did not ${change} for the snapshot ${snapshotId} of the volume ${volume.id}: ${why}`,
      details: { volumeId: volume.id, snapshotId, instanceId: server, change },
      cause,
    });
  }
}

function takingOf(overlay: string): Pick<ExpectedReport, 'change' | 'phase'> {
  return { change: `switch to ${path.basename(overlay)}`, phase: 'creating' };
}

/** Nova looks for files beside the active one: it is told no directories. */
function plainName(file: string): string {
  const name = path.basename(file);
  if (name !== '' && name !== '.' && name !== '..') return name;
  throw new DriverError({
    code: 'invalid-input',
    message: `${JSON.stringify(file)} is no file whose name Nova could be told`,
    details: { file },
  });
}
