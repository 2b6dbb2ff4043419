import { createContext, isDriverError, messageOf } from '@scoria/core';
import type { OperationContext } from '@scoria/core';
import { isRbdError } from '@scoria/librbd';
import type { RbdPool } from '@scoria/librbd';
import type { Plan, Step } from '../plan/plan.js';
import { describeStep } from '../plan/plan.js';
import { OpenImages } from './open-images.js';
import type { StepHelpers } from './step-helpers.js';
import { StepRunner } from './step-runner.js';

/** Runs a plan to its end. What a step raises comes out as it is: `RbdError`, or `cancelled` before a step. */
export async function runPlan(
  context: OperationContext,
  pool: RbdPool,
  plan: Plan,
  helpers: StepHelpers,
): Promise<void> {
  await using images = new OpenImages(pool);
  const runner = new StepRunner(pool, images, helpers);
  for (const step of plan.steps) await runStep(context, runner, step);
}

/**
 * As {@link runPlan}; where a step fails, those before it are taken back, unless the cluster does not answer: that is for
 * who comes later, by the journal or for a delete. One that cannot be is logged: the first error says more.
 * @returns whether everything could be taken back comes with the error, see {@link isUndone}
 */
export async function runOrUndo(
  context: OperationContext,
  pool: RbdPool,
  plan: Plan,
  helpers: StepHelpers,
): Promise<void> {
  await using images = new OpenImages(pool);
  const runner = new StepRunner(pool, images, helpers);
  const done: Step[] = [];
  try {
    for (const step of plan.steps) {
      await runStep(context, runner, step);
      done.unshift(step);
    }
  } catch (error) {
    const begun = [...halfDone(plan.steps[done.length], error), ...done];
    const isClean =
      !isUnanswered(error) && (await undo(uncancellable(context), runner, plan, begun.flatMap(inverse)));
    if (!isClean) NOT_UNDONE.add(error as object);
    throw error;
  }
}

/**
 * What such a call has done, nobody knows, and it may go on with the image. By the same connection a removal may get no
 * answer either, and would keep the image in use for those who come by another one.
 */
function isUnanswered(error: unknown): boolean {
  return isRbdError(error, 'timed-out', 'disconnected', 'closed');
}

const NOT_UNDONE = new WeakSet<object>();

/** Whether the plan that ended with this error has left nothing. */
export function isUndone(error: unknown): boolean {
  return !(typeof error === 'object' && error !== null && NOT_UNDONE.has(error));
}

async function runStep(context: OperationContext, runner: StepRunner, step: Step): Promise<void> {
  const description = describeStep(step);
  await context.step(description);
  context.logger.debug(description);
  await runner.run(step, context);
}

async function undo(
  context: OperationContext,
  runner: StepRunner,
  { operation }: Plan,
  steps: readonly Step[],
): Promise<boolean> {
  try {
    for (const step of steps) await runStep(context, runner, step);
    return true;
  } catch (error) {
    context.logger.warn(`${operation} could not be taken back yet: ${messageOf(error)}`);
    return false;
  }
}

/** A snapshot that nobody can answer for: taken while somebody else took the image's lock, and not removed for that. */
function halfDone(failed: Step | undefined, error: unknown): Step[] {
  const isHalf = failed?.kind === 'take-snapshot' && isRbdError(error, 'busy', 'read-only', 'failed');
  return isHalf ? [failed] : [];
}

/** What takes a step back. */
function inverse(step: Step): Step[] {
  switch (step.kind) {
    case 'create-image':
    case 'clone-image':
      return [{ kind: 'remove-image', image: step.image }];
    case 'take-snapshot': {
      const { image, snapshot } = step;
      return [
        { kind: 'unprotect-snapshot', image, snapshot },
        { kind: 'remove-snapshot', image, snapshot },
      ];
    }
    default:
      return [];
  }
}

/** The same context for what must not be left half done; its calls still have their time limits. */
export function uncancellable(context: OperationContext): OperationContext {
  return {
    ...context,
    ...createContext({ requestId: context.requestId, logger: context.logger }),
    progress: (progress) => {
      context.progress(progress);
    },
    step: async (name) => {
      try {
        await context.step(name);
      } catch (error) {
        if (!isDriverError(error, 'cancelled')) throw error;
      }
    },
  };
}
