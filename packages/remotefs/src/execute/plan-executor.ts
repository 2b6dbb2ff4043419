import { isDriverError } from '@scoria/core';
import type { GuestDisk, OperationContext } from '@scoria/core';
import type { ChainReader } from '../chain/chain-reader.js';
import { sameInfo } from '../chain/info-file.js';
import type { FileOfChain, Plan, Step } from '../plan/plan.js';
import { describeStep, isGuestStep } from '../plan/plan.js';
import type { Journal } from './journal.js';
import type { JournaledPlan } from './journaled-plan.js';
import type { OnlineExecutor } from './online-executor.js';
import { isOnline } from './online-executor.js';
import type { StepRunner } from './step-runner.js';
import { uncancellable } from './uncancellable.js';

/**
 * Opens the disk of the guest that has a volume, for the snapshot; `undefined` where its process has ended.
 * @param files what it may have open
 */
export type OpenGuest = (snapshotId: string, files: readonly string[]) => Promise<GuestDisk | undefined>;

/**
 * Runs plans on one share. The caller holds the volume's lock. However a run ends, by an error, a signal or the
 * process's death, the volume is as before or the journal says how to go on; see {@link Plan}.
 */
export class PlanExecutor {
  constructor(
    private readonly reader: ChainReader,
    private readonly journal: Journal,
    private readonly steps: StepRunner,
    private readonly online: OnlineExecutor,
  ) {}

  /**
   * @param guest who does the steps of a guest, for a plan that has some
   * @throws DriverError of the step that failed, after what can be undone was undone
   */
  async run(context: OperationContext, plan: Plan, guest?: GuestDisk): Promise<void> {
    if (isJournaled(plan) && isOnline(plan) && guest !== undefined)
      await this.online.run(context, plan, guest);
    else if (isJournaled(plan)) await this.#runJournaled(context, plan);
    else await this.#runPlain(context, plan);
  }

  /**
   * Finishes or undoes what the journal has for a volume. Idempotent; nothing to do is the normal case.
   * @throws DriverError of the step that failed, or `unsafe-image`; the entry stays, for the next try
   */
  async recover(context: OperationContext, volumeId: string, openGuest: OpenGuest): Promise<void> {
    const plan = await this.journal.read(volumeId);
    if (plan === undefined) return;
    if (isOnline(plan)) {
      await this.#requireSafe(volumeId, [...plan.steps, ...plan.online.whenGone]);
      context.logger.warn(`go on with ${plan.operation} of volume ${volumeId}, which was cut off`, {
        volumeId,
      });
      await using guest = await openGuest(plan.online.snapshotId, guestFiles(plan));
      await this.online.recover(context, plan, guest);
      return;
    }
    const { commitPoint, onCrash } = plan.journal;
    const committed = await isCommitted(this.reader, plan);
    const direction = committed || onCrash === 'forward' ? 'finish' : 'undo';
    context.logger.warn(`${direction} ${plan.operation} of volume ${volumeId}, which was cut off`, {
      volumeId,
    });
    const forward = committed ? plan.steps.slice(commitPoint + 1) : plan.steps;
    const steps = direction === 'finish' ? forward : plan.undo;
    await this.#requireSafe(volumeId, steps);
    await this.#runSteps(uncancellable(context), volumeId, steps);
    await this.journal.remove(volumeId);
  }

  /** Whoever planned had looked at the files; others may have put something in their place, or the plan there. */
  async #requireSafe(volumeId: string, steps: readonly Step[]): Promise<void> {
    for (const { file, format } of steps.flatMap(openedFiles)) {
      await this.reader.requireSafe(volumeId, file, format);
    }
  }

  /** Cut off at any point, it leaves a temporary file at most. */
  async #runPlain(context: OperationContext, plan: Plan): Promise<void> {
    try {
      await this.#runSteps(context, plan.volumeId, plan.steps);
    } catch (error) {
      await this.#undo(context, plan);
      throw error;
    }
  }

  async #runJournaled(context: OperationContext, plan: JournaledPlan): Promise<void> {
    const { volumeId, journal } = plan;
    await context.step(`${plan.operation}: begin`);
    await this.journal.write(plan);
    // Half a merge is worse than none: what goes forward is cancelled before its first step or not at all.
    const inner = journal.onCrash === 'forward' ? uncancellable(context) : context;
    try {
      await this.#runFirst(inner, plan);
      await this.#runSteps(inner, volumeId, plan.steps.slice(1));
    } catch (error) {
      if (journal.onCrash === 'back' && !(await isCommitted(this.reader, plan)))
        await this.#undo(context, plan);
      throw error;
    }
    await inner.step(`${plan.operation}: end`);
    await this.journal.remove(volumeId);
  }

  /** A first step that could not even begin (no tool, a file in use) leaves nothing to finish. */
  async #runFirst(context: OperationContext, plan: JournaledPlan): Promise<void> {
    try {
      await this.#runSteps(context, plan.volumeId, plan.steps.slice(0, 1));
    } catch (error) {
      if (isDriverError(error, 'unavailable', 'volume-busy')) await this.#undo(context, plan);
      throw error;
    }
  }

  async #runSteps(context: OperationContext, volumeId: string, steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      await context.step(describeStep(step));
      context.logger.debug(describeStep(step), { volumeId });
      if (isGuestStep(step)) throw new TypeError(`${step.kind} needs a guest`);
      await this.steps.run(volumeId, step, context);
    }
  }

  /** A failure to undo is logged, as the first error says more; the journal or the next start finishes it. */
  async #undo(context: OperationContext, plan: Plan): Promise<void> {
    try {
      await this.#runSteps(uncancellable(context), plan.volumeId, plan.undo);
      if (isJournaled(plan)) await this.journal.remove(plan.volumeId);
    } catch (error) {
      context.logger.warn(`${plan.operation} of volume ${plan.volumeId} could not be undone yet`, { error });
    }
  }
}

/** What a guest writes to before, while and after the plan is carried out. */
function guestFiles({ steps }: Plan): string[] {
  return steps.flatMap((step) => {
    if (step.kind === 'guest-switch') return [step.active.file, step.overlay];
    return isGuestStep(step) ? [step.active] : [];
  });
}

/** The commit point of a journaled plan is always the replacement of the chain record. */
export async function isCommitted(reader: ChainReader, plan: JournaledPlan): Promise<boolean> {
  const step = plan.steps[plan.journal.commitPoint];
  if (step?.kind !== 'write-info') return false;
  return sameInfo(await reader.readInfo(plan.volumeId), step.info);
}

/** What a step hands to a tool that reads headers. */
function openedFiles(step: Step): FileOfChain[] {
  if (step.kind === 'commit') return [{ file: step.file, format: 'qcow2' }, ...step.below];
  if (step.kind === 'guest-switch') return [{ file: step.overlay, format: 'qcow2' }];
  return step.kind === 'rebase' ? [{ file: step.file, format: 'qcow2' }] : [];
}

function isJournaled(plan: Plan): plan is JournaledPlan {
  return plan.journal !== undefined;
}
