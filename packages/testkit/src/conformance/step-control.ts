import type { OperationContext } from '@scoria/core';
import { throwIfCancelled } from '@scoria/core';
import { deferred } from '../deferred.js';
import type { Stage } from './stage.js';

/** What became of a call that was to be stopped at a step. */
export type Outcome =
  | { readonly kind: 'stopped'; readonly step: string }
  | { readonly kind: 'resolved' }
  | { readonly kind: 'rejected'; readonly error: unknown };

/** A call that is under way, or stands still at a step. */
export interface HeldCall {
  /** Where it stands, or how it ended without ever getting there. */
  readonly outcome: Outcome;
  /** How it ended; never, unless it is let go. */
  readonly end: Promise<Outcome>;
  /** Lets it go on from where it stands. */
  release(): void;
}

async function ended(call: Promise<unknown>): Promise<Outcome> {
  try {
    await call;
    return { kind: 'resolved' };
  } catch (error) {
    return { kind: 'rejected', error };
  }
}

/**
 * Starts a call and lets it stand still at the beginning of its `number`th step (from 1) and of all after it, as a
 * process does that is stopped or killed there: nothing of it runs any more, no `finally` either.
 */
export async function holdAtStep(
  stage: Stage,
  run: (context: OperationContext) => Promise<unknown>,
  number: number,
): Promise<HeldCall> {
  const gate = deferred();
  const reached = deferred<Outcome>();
  let steps = 0;
  const onStep = async (step: string): Promise<void> => {
    steps += 1;
    if (steps < number) return;
    reached.resolve({ kind: 'stopped', step });
    await gate.promise;
  };
  const end = ended(run(stage.context({ onStep })));
  const outcome = await Promise.race([reached.promise, end]);
  return {
    outcome,
    end,
    release: () => {
      gate.resolve();
    },
  };
}

/**
 * When a call is cancelled: before a step, which then does not begin, or within it.
 */
export type CancelMoment = 'before' | 'within';

/** Starts a call and cancels it at its `number`th step; 0 is before it begins. */
export async function cancelAtStep(
  stage: Stage,
  run: (context: OperationContext) => Promise<unknown>,
  number: number,
  moment: CancelMoment,
): Promise<{ readonly outcome: Outcome; readonly step: string | undefined }> {
  const controller = new AbortController();
  const { signal } = controller;
  let steps = 0;
  let stoppedAt: string | undefined;
  if (number === 0) controller.abort(new Error('cancelled by the suite'));
  const onStep = (step: string): void => {
    steps += 1;
    if (steps !== number) return;
    stoppedAt = step;
    controller.abort(new Error('cancelled by the suite'));
    if (moment === 'before') throwIfCancelled({ requestId: 'the suite', signal });
  };
  const outcome = await ended(run(stage.context({ signal, onStep })));
  return { outcome, step: number === 0 ? 'the beginning' : stoppedAt };
}
