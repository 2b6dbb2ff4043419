import { createContext, isDriverError } from '@scoria/core';
import type { OperationContext } from '@scoria/core';
import type { ChainReader } from '../chain/chain-reader.js';
import { sameInfo } from '../chain/info-file.js';
import type { FileOfChain, Plan, Step } from '../plan/plan.js';
import { describeStep } from '../plan/plan.js';
import type { Journal } from './journal.js';
import type { JournaledPlan } from './journaled-plan.js';
import type { StepRunner } from './step-runner.js';

/**
 * Runs plans on one share. The caller holds the volume's lock. However a run ends, by an error, a signal or the
 * process's death, the volume is as before or the journal says how to go on; see {@link Plan}.
 */
export class PlanExecutor {
  constructor(
    private readonly reader: ChainReader,
    private readonly journal: Journal,
    private readonly steps: StepRunner,
  ) {}

  /** @throws DriverError of the step that failed, after what can be undone was undone */
  async run(context: OperationContext, plan: Plan): Promise<void> {
    if (isJournaled(plan)) await this.#runJournaled(context, plan);
    else await this.#runPlain(context, plan);
  }

  /**
   * Finishes or undoes what the journal has for a volume. Idempotent; nothing to do is the normal case.
   * @throws DriverError of the step that failed, or `unsafe-image`; the entry stays, for the next try
   */
  async recover(context: OperationContext, volumeId: string): Promise<void> {
    const plan = await this.journal.read(volumeId);
    if (plan === undefined) return;
    const { commitPoint, onCrash } = plan.journal;
    const committed = await this.#isCommitted(plan);
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
      if (journal.onCrash === 'back' && !(await this.#isCommitted(plan))) await this.#undo(context, plan);
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

  /** The commit point of a journaled plan is always the replacement of the chain record. */
  async #isCommitted(plan: JournaledPlan): Promise<boolean> {
    const step = plan.steps[plan.journal.commitPoint];
    if (step?.kind !== 'write-info') return false;
    return sameInfo(await this.reader.readInfo(plan.volumeId), step.info);
  }
}

/** What a step hands to a tool that reads headers. */
function openedFiles(step: Step): FileOfChain[] {
  if (step.kind === 'commit') return [{ file: step.file, format: 'qcow2' }, ...step.below];
  return step.kind === 'rebase' ? [{ file: step.file, format: 'qcow2' }] : [];
}

function isJournaled(plan: Plan): plan is JournaledPlan {
  return plan.journal !== undefined;
}

/** The same context for what must not be left half done; its steps still have their time limits. */
function uncancellable(context: OperationContext): OperationContext {
  return {
    ...createContext({ requestId: context.requestId, logger: context.logger }),
    progress: (progress) => context.progress(progress),
    step: async (name) => {
      try {
        await context.step(name);
      } catch (error) {
        if (!isDriverError(error, 'cancelled')) throw error;
      }
    },
  };
}
