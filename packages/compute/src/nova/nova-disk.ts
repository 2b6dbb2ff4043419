import type { Clock, DiskFile, GuestDisk, GuestDiskRequest, Logger, OperationContext } from '@scoria/core';
import { DriverError, messageOf } from '@scoria/core';
import path from 'node:path';
import type { NovaCall, NovaClient } from './nova-client.js';
import { NovaRefusal } from './nova-refusal.js';
import type { ExpectedReport } from './report-wait.js';
import { outcomeOf, waitForReport } from './report-wait.js';
import type { ReportedSnapshot, ReportSubject, SnapshotReports } from './snapshot-reports.js';

const TAKE_MS = 600_000;
const MERGE_MS = 7_200_000;

export interface DiskPorts {
  readonly client: NovaClient;
  readonly reports: SnapshotReports;
  readonly clock: Clock;
}

/** One change of a chain: how Nova is asked for it, and what it reports. */
interface Change extends Omit<ExpectedReport, 'subject'> {
  readonly send: (call: NovaCall, volumeId: string) => Promise<void>;
}

/** A disk of a guest that Nova runs: asked for by HTTP, reported on in the snapshot's record. */
export class NovaDisk implements GuestDisk {
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

  async takeSnapshot(context: OperationContext, { overlay }: { overlay: string }): Promise<void> {
    const newFile = plainName(overlay);
    const { snapshotId } = this.request;
    await this.#make(context, {
      ...takingOf(overlay),
      limitMs: TAKE_MS,
      send: (call, volumeId) => this.ports.client.createSnapshot(call, { volumeId, snapshotId, newFile }),
    });
  }

  async commit(context: OperationContext, { file, base }: { file: string; base: DiskFile }): Promise<void> {
    const fileToMerge = plainName(file);
    const mergeTarget = plainName(base.path);
    await this.#merge(context, `commit ${fileToMerge} into ${mergeTarget}`, { fileToMerge, mergeTarget });
  }

  async pull(
    context: OperationContext,
    { active, file, base }: { active: string; file: string; base?: DiskFile },
  ): Promise<void> {
    const fileToMerge = base === undefined ? undefined : plainName(base.path);
    const change = `pull ${plainName(file)} into ${plainName(active)}, down to ${fileToMerge ?? 'nothing'}`;
    await this.#merge(context, change, { fileToMerge, mergeTarget: undefined });
  }

  /**
   * Nothing to do: Nova has no such request. It reports a change as done when the guest's process has ended its job,
   * which it does after a flush, and a guest's own writes are as durable as the guest has asked them to be.
   */
  async flush(): Promise<void> {}

  /** Nothing is held open. Nova is shown that what it waits for has come. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
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
    files: { fileToMerge: string | undefined; mergeTarget: string | undefined },
  ): Promise<void> {
    const { snapshotId } = this.request;
    await this.#make(context, {
      change,
      phase: 'deleting',
      limitMs: MERGE_MS,
      send: (call, volumeId) => this.ports.client.deleteSnapshot(call, { volumeId, snapshotId, ...files }),
    });
  }

  /** What is done is not asked for again; what may be under way is asked for, and its refusal is not the end. */
  async #make(context: OperationContext, change: Change): Promise<void> {
    const reported = await this.#reported(context, change);
    const before = reported.asked?.change === change.change ? outcomeOf(reported, change) : undefined;
    if (before === 'done') return;
    const inDoubt = before !== undefined && (reported.asked?.inDoubt === true || before !== 'failed');
    await this.ports.reports.expect(this.#subject, { change: change.change, phase: change.phase, inDoubt });
    await this.#ask(context, change, { volumeId: reported.volumeId, inDoubt });
    await this.#wait(context, change, inDoubt);
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

  async #ask(
    { requestId, signal, logger }: OperationContext,
    change: Change,
    { volumeId, inDoubt }: { volumeId: string; inDoubt: boolean },
  ): Promise<void> {
    try {
      await change.send({ requestId, signal }, volumeId);
    } catch (cause) {
      const fate = cause instanceof NovaRefusal ? cause.fate : 'refused';
      if (fate === 'busy' && inDoubt) {
        const fields = {
          snapshotId: this.request.snapshotId,
          change: change.change,
          reason: messageOf(cause),
        };
        logger.info('Nova is at it already; its report is waited for', fields);
        return;
      }
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

  async #wait(context: OperationContext, change: Change, inDoubt: boolean): Promise<void> {
    const expected = { ...change, subject: this.#subject };
    const { outcome, report } = await waitForReport(context, this.ports, expected).catch((cause: unknown) => {
      throw this.#unsettled(change, 'the operation was cancelled while Nova was at it', cause);
    });
    if (outcome === 'done') return;
    const said = report === undefined ? 'nothing' : `${report.status} ${report.progress ?? ''}`.trim();
    if (outcome === 'pending')
      throw this.#unsettled(change, `it has not reported that it was done within ${change.limitMs / 1000} s`);
    if (outcome === 'strange')
      throw this.#unsettled(change, `its report is ${said}, which does not belong to it`);
    if (inDoubt) throw this.#unsettled(change, `it was asked twice, and reports ${said} of one of them`);
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
      `${why}; it may be done, or go on: see the log of nova-compute`,
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
