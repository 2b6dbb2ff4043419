import { DriverError, isDriverError } from '@scoria/core';
import type { GuestDisk, OperationContext } from '@scoria/core';
import { keepFromQemu } from '@scoria/host';
import { isThere } from '../chain/durable-files.js';
import { isEmptyOverlay } from '../chain/empty-overlay.js';
import type { ShareDirectory } from '../chain/share-directory.js';
import { describeStep, isGuestStep } from '../plan/plan.js';
import type { OnlinePart, Step } from '../plan/plan.js';
import type { GuestSigns, GuestSwitch } from './guest-signs.js';
import type { GuestSteps } from './guest-steps.js';
import type { Journal } from './journal.js';
import type { JournaledPlan } from './journaled-plan.js';
import type { StepRunner } from './step-runner.js';
import { uncancellable } from './uncancellable.js';

/** A plan that needs a guest for some of its steps. */
export type OnlinePlan = JournaledPlan & { readonly online: OnlinePart };

/** What an {@link OnlineExecutor} works with. */
export interface OnlineTools {
  readonly directory: ShareDirectory;
  readonly journal: Journal;
  readonly guestSteps: GuestSteps;
  readonly signs: GuestSigns;
  readonly steps: StepRunner;
  readonly isCommitted: (plan: JournaledPlan) => Promise<boolean>;
}

export function isOnline(plan: JournaledPlan): plan is OnlinePlan {
  return plan.online !== undefined;
}

/**
 * Runs plans on a chain that a guest uses. However a run ends, the journal says how to go on: with the guest if it
 * still runs, and on the files if its process has ended, which no process other than the guest's may touch before.
 */
export class OnlineExecutor {
  constructor(private readonly tools: OnlineTools) {}

  /** @throws DriverError of the step that failed, after what can be put back was put back */
  async run(context: OperationContext, plan: OnlinePlan, guest: GuestDisk): Promise<void> {
    await context.step(`${plan.operation}: begin`);
    await this.tools.journal.write(plan);
    try {
      await this.#runSteps(context, plan, plan.steps, guest);
    } catch (error) {
      await this.#settle(context, plan, guest, error);
      throw error;
    }
    await this.#end(context, plan);
  }

  /**
   * Finishes or takes back what another process has begun. Idempotent.
   * @param guest `undefined` where its process has ended
   * @throws DriverError of the step that failed; `unavailable` where the guest's side cannot tell yet. The entry stays
   */
  async recover(context: OperationContext, plan: OnlinePlan, guest: GuestDisk | undefined): Promise<void> {
    const inner = uncancellable(context);
    if (await this.tools.isCommitted(plan)) {
      await this.#runSteps(inner, plan, plan.steps.slice(plan.journal.commitPoint + 1), undefined);
    } else if (!(await this.#hasOverlay(plan))) {
      await this.#runSteps(inner, plan, plan.undo, undefined);
    } else if (guest === undefined) {
      await this.#runSteps(inner, plan, plan.online.whenGone, undefined);
    } else {
      await this.#goOn(context, plan, guest);
    }
    await this.tools.journal.remove(plan.volumeId);
  }

  /** With the guest: forward where it has taken part in it, and back where it has not. */
  async #goOn(context: OperationContext, plan: OnlinePlan, guest: GuestDisk): Promise<void> {
    const first = plan.steps.findIndex(isGuestStep);
    const step = plan.steps[first];
    if (step?.kind !== 'guest-switch') {
      await this.#runSteps(context, plan, plan.steps.slice(first), guest);
      return;
    }
    const said = await guest.hasOpen(this.tools.directory.file(step.overlay));
    const has = await this.#hasSwitched(said, step);
    if (has === undefined) throw undecided(plan);
    if (has) await this.#runSteps(uncancellable(context), plan, plan.steps.slice(first + 1), guest);
    else if (said === false) await this.#takeBack(context, plan, step.overlay);
    else await this.#takeBackUnopened(context, plan, step.overlay);
  }

  /**
   * Whether the guest writes to the overlay. What its process has locked is believed before what was reported of it: a
   * report may have been lost, and a guest may have been started anew since, with an older file.
   */
  async #hasSwitched(said: boolean | undefined, step: GuestSwitch): Promise<boolean | undefined> {
    const shown = await this.tools.signs.ofSwitch(step);
    if (shown === 'made') return true;
    return shown === 'not-made' ? false : said;
  }

  /** A guest's side that was asked to switch may get to it any time: it does not find the file then, or it has it. */
  async #takeBackUnopened(context: OperationContext, plan: OnlinePlan, overlay: string): Promise<void> {
    const kept = await keepFromQemu(this.tools.directory.file(overlay));
    if (typeof kept === 'string') throw undecided(plan);
    try {
      await this.#takeBack(context, plan, overlay);
    } finally {
      await kept[Symbol.asyncDispose]();
    }
  }

  /** What a guest has written must not be thrown away, whoever says that it is not there. */
  async #takeBack(context: OperationContext, plan: OnlinePlan, overlay: string): Promise<void> {
    if (!(await isEmptyOverlay(this.tools.directory.file(overlay)))) throw written(plan, overlay);
    await this.#runSteps(uncancellable(context), plan, plan.undo, undefined);
  }

  /** A snapshot has no data to lose as long as its overlay has not got its name. */
  async #hasOverlay({ steps }: OnlinePlan): Promise<boolean> {
    const publish = steps.find((step) => step.kind === 'publish');
    return publish === undefined || isThere(this.tools.directory.file(publish.as));
  }

  /**
   * After a failure. What the guest's side refused, or gave up, has changed nothing that anybody reads; what nobody
   * can tell, or what the files failed in afterwards, stays in the journal.
   */
  async #settle(
    context: OperationContext,
    plan: OnlinePlan,
    guest: GuestDisk,
    error: unknown,
  ): Promise<void> {
    try {
      if (isDriverError(error, 'unavailable')) return;
      if (plan.operation === 'create-snapshot') await this.recover(context, plan, guest);
      else if (await this.#isUntouched(plan, guest, error)) await this.#abandon(context, plan);
    } catch (problem) {
      context.logger.warn(`${plan.operation} of volume ${plan.volumeId} could not be put back yet`, {
        error: problem,
      });
    }
  }

  /** Whether the file that is to leave the chain is still in it, and nobody is at it any more. */
  async #isUntouched({ steps }: OnlinePlan, guest: GuestDisk, error: unknown): Promise<boolean> {
    const merge = steps.find((step) => step.kind === 'guest-commit' || step.kind === 'guest-pull');
    if (merge === undefined) return false;
    const has = await guest.hasOpen(this.tools.directory.file(merge.file));
    if (has !== undefined) return has;
    // The guest's side cannot say: it has said that it could not, and the headers are as they were.
    return isDriverError(error, 'failed') && this.tools.signs.isUntouched(merge);
  }

  async #abandon(context: OperationContext, plan: OnlinePlan): Promise<void> {
    await this.#runSteps(uncancellable(context), plan, plan.undo, undefined);
    await this.tools.journal.remove(plan.volumeId);
  }

  async #runSteps(
    context: OperationContext,
    plan: OnlinePlan,
    steps: readonly Step[],
    guest: GuestDisk | undefined,
  ): Promise<void> {
    // Only what the guest's side does, and takes back by itself, is cancelled.
    const inner = uncancellable(context);
    for (const step of steps) {
      const by = isGuestStep(step) ? context : inner;
      await by.step(describeStep(step));
      context.logger.debug(describeStep(step), { volumeId: plan.volumeId });
      if (!isGuestStep(step)) await this.tools.steps.run(plan.volumeId, step, inner);
      else if (guest !== undefined) await this.tools.guestSteps.run(step, guest, context);
      else throw new TypeError(`${step.kind} needs the guest`);
    }
  }

  async #end(context: OperationContext, plan: OnlinePlan): Promise<void> {
    await uncancellable(context).step(`${plan.operation}: end`);
    await this.tools.journal.remove(plan.volumeId);
  }
}

function undecided({ volumeId, operation }: OnlinePlan): DriverError {
  return new DriverError({
    code: 'unavailable',
    message:
      `${operation} of volume ${volumeId} was cut off, and its guest's side has not reported whether it has switched ` +
      `files; no process is seen to write to either of them. It is gone on with when it has, or when the guest is ` +
      `seen to run; if neither comes, detach the volume, run any operation on it, and attach it again`,
    details: { volumeId },
  });
}

function written({ volumeId }: OnlinePlan, overlay: string): DriverError {
  return new DriverError({
    code: 'damaged',
    message:
      `a snapshot of volume ${volumeId} was cut off after its guest had written to ${overlay}, and the guest does not ` +
      `have that file open any more: it was started with an older file. Nothing was changed; stop the guest, run any ` +
      `operation on the volume, and start it with the file that connecting the volume names`,
    details: { volumeId, file: overlay },
  });
}
