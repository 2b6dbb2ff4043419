import { createContext, messageOf } from '@scoria/core';
import type { OperationContext, ScoriaError } from '@scoria/core';
import type { OperationRecord } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { BackendAccess } from '../views/backend-access.js';
import { ManagerError } from '../errors.js';
import { Ports } from '../ports.js';
import type { Caller } from '../requests.js';
import { HeldError } from './acceptance.js';
import { NoLongerOursError } from './ending.js';
import { OperationStages } from './operation-stages.js';
import type { AnyOperationHandler, OperationHandler, OperationRun } from './operation-handler.js';
import { OwnerSession } from './owner-session.js';
import { ProgressRecorder } from './progress-recorder.js';
import { toManagerError, toScoriaError } from './to-manager-error.js';

/** An operation whose row is written. */
export interface Submitted<R> {
  readonly operationId: string;
  /** Its result, or a ManagerError; a rejection that nobody listens to is no defect. */
  readonly done: Promise<R>;
}

/** How an operation of a dead process is dealt with. */
export type Takeover = 'resume' | 'undo';

interface Work<P extends object, R> {
  readonly handler: OperationHandler<P, R>;
  readonly operation: OperationRecord;
  readonly abort: AbortController;
  readonly takeover?: Takeover;
  parameters: P;
}

/** Called with who is in the way; true if some of them are gone now, and it is worth another try. */
export type HeldListener = (holders: readonly OperationRecord[]) => Promise<boolean>;

/**
 * Carries operations out: accepts them in one transaction, runs them in the order and number their backends allow,
 * and ends them in one transaction with what has become of their objects.
 */
@injectable()
export class OperationEngine {
  readonly #running = new Map<string, { readonly abort: AbortController; readonly done: Promise<unknown> }>();
  readonly #stranded = new Set<string>();
  #whenHeld: HeldListener = () => Promise.resolve(false);
  #closed = false;

  constructor(
    @inject(Ports) private readonly ports: Ports,
    @inject(BackendAccess) private readonly backends: BackendAccess,
    @inject(OwnerSession) private readonly owner: OwnerSession,
    @inject(OperationStages) private readonly stages: OperationStages,
  ) {}

  /** The operations that run in this process. */
  get running(): readonly string[] {
    return [...this.#running.keys()];
  }

  /** Operations of ours that have no end yet, because their end could not be written or their backend was gone. */
  get stranded(): ReadonlySet<string> {
    return this.#stranded;
  }

  onHeld(listener: HeldListener): void {
    this.#whenHeld = listener;
  }

  /**
   * Accepts an operation and begins it.
   * @throws ManagerError `conflict`, and what the handler's `accept` raises: nothing is written
   */
  async submit<P extends object, R>(
    handler: OperationHandler<P, R>,
    parameters: P,
    caller: Caller,
  ): Promise<Submitted<R>> {
    if (this.#closed)
      throw new ManagerError({
        code: 'cancelled',
        message: `${handler.kind} was not begun: the manager is stopping; ask again when it runs`,
      });
    const operation = await this.#accept(handler, parameters, caller);
    const abort = new AbortController();
    caller.signal?.addEventListener('abort', () => abort.abort(caller.signal?.reason), { once: true });
    if (caller.signal?.aborted === true) abort.abort(caller.signal.reason);
    return { operationId: operation.id, done: this.#launch({ handler, operation, abort, parameters }) };
  }

  /** Goes on with an operation that was taken over from a dead process, or takes it back. */
  async takeUp(handler: AnyOperationHandler, operation: OperationRecord): Promise<void> {
    if (this.#closed || this.#running.has(operation.id)) return;
    this.#stranded.delete(operation.id);
    const { parameters } = operation;
    const takeover = handler.recovery;
    await this.#launch({ handler, operation, abort: new AbortController(), parameters, takeover });
  }

  /** Ends an operation of this process where it may be ended; false if it does not run here. */
  cancel(operationId: string): boolean {
    const running = this.#running.get(operationId);
    running?.abort.abort(new Error('a cancel was asked for'));
    return running !== undefined;
  }

  /** Takes no more, lets what runs end for `graceMs`, then ends it. */
  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    const ends = Promise.allSettled([...this.#running.values()].map(({ done }) => done));
    const grace = new AbortController();
    const patience = this.ports.clock.sleep(graceMs, grace.signal).then(
      () => {
        for (const { abort } of this.#running.values()) abort.abort(new Error('the manager is stopping'));
      },
      () => undefined,
    );
    await ends;
    grace.abort();
    await patience;
  }

  async #accept<P extends object, R>(
    handler: OperationHandler<P, R>,
    parameters: P,
    caller: Caller,
  ): Promise<OperationRecord> {
    try {
      return await this.stages.acceptance.accept(handler, parameters, caller);
    } catch (error) {
      if (!(error instanceof HeldError) || !(await this.#whenHeld(error.holders))) throw error;
      return this.stages.acceptance.accept(handler, parameters, caller);
    }
  }

  async #launch<P extends object, R>(work: Work<P, R>): Promise<R> {
    const { operation, handler, abort } = work;
    const volumes = operation.claims.filter(({ kind }) => kind === 'volume').map(({ id }) => id);
    const [backend] = handler.backends(work.parameters);
    const done = this.stages.queues.run(backend, volumes, () => this.#carryOut(work));
    this.#running.set(operation.id, { abort, done });
    const settled = done.finally(() => this.#running.delete(operation.id));
    settled.catch(() => undefined);
    return settled;
  }

  async #carryOut<P extends object, R>(work: Work<P, R>): Promise<R> {
    const { operation, handler } = work;
    const subject = operation.claims[0]?.id;
    const about = { operationId: operation.id, operation: operation.kind, resourceId: subject };
    const recorder = new ProgressRecorder(this.ports.store, operation.id, this.ports.logger);
    const startedAt = this.ports.clock.now();
    this.ports.events.emit({ type: 'operation-started', ...about });
    try {
      const result = await this.#attempt(work, recorder);
      await recorder.stop();
      await this.stages.observer.onStep(operation, 'ending');
      await this.stages.ending.succeed(handler, operation, work.parameters, result);
      this.#ended(about, 'succeeded', startedAt);
      return result;
    } catch (error) {
      await recorder.stop();
      throw await this.#failed(work, error, about, startedAt);
    }
  }

  async #attempt<P extends object, R>(work: Work<P, R>, recorder: ProgressRecorder): Promise<R> {
    const signal = AbortSignal.any([work.abort.signal, this.owner.lost]);
    const run = this.#runOf(work, this.#context(work.operation, recorder, signal));
    await this.stages.observer.onStep(work.operation, 'accepted');
    if (work.takeover === 'undo') throw interrupted(work.operation);
    return work.handler.run(work.parameters, run);
  }

  /** Takes back what was made, ends the operation as failed, and says what its caller is told. */
  async #failed<P extends object, R>(
    work: Work<P, R>,
    cause: unknown,
    about: { operationId: string; operation: string; resourceId: string | undefined },
    startedAt: number,
  ): Promise<Error> {
    if (this.owner.lost.aborted || cause instanceof NoLongerOursError) return notOurs(work.operation, cause);
    let error = toScoriaError(cause, work.operation.kind);
    try {
      error = await this.#undone(work, error);
      await this.stages.observer.onStep(work.operation, 'ending');
      await this.stages.ending.fail(work.handler, work.operation, work.parameters, error);
    } catch (endError) {
      // The row stays as it is, and so stays ours: a recovery tries again.
      this.#stranded.add(work.operation.id);
      this.ports.logger.error('an operation could not be ended', { ...about, reason: messageOf(endError) });
      return toManagerError(toScoriaError(endError, work.operation.kind));
    }
    this.ports.logger.warn('an operation failed', { ...about, code: error.code, reason: error.message });
    this.#ended(about, error.code === 'cancelled' ? 'cancelled' : 'failed', startedAt, error.message);
    return toManagerError(error);
  }

  async #undone<P extends object, R>(work: Work<P, R>, error: ScoriaError): Promise<ScoriaError> {
    const { handler, operation } = work;
    if (handler.undo === undefined) return error;
    const recorder = new ProgressRecorder(this.ports.store, operation.id, this.ports.logger);
    // What is cancelled has to be taken back all the same.
    const context = this.#context(operation, recorder, this.owner.lost);
    try {
      await handler.undo(work.parameters, this.#runOf(work, context));
      return error;
    } catch (undoError) {
      const failure = toScoriaError(undoError, operation.kind);
      if (failure.code === 'backend-down' || failure.code === 'unavailable') throw failure;
      return new ManagerError({
        code: 'operation-failed',
        message: `${error.message}; what was made could not be removed: ${failure.message}`,
        details: { code: error.code },
        cause: failure,
      });
    } finally {
      await recorder.stop();
    }
  }

  #context(operation: OperationRecord, recorder: ProgressRecorder, signal: AbortSignal): OperationContext {
    const { id: operationId, kind, requestId } = operation;
    const about = { operationId, operation: kind, resourceId: operation.claims[0]?.id };
    return createContext({
      requestId,
      logger: this.ports.logger.child({
        requestId,
        operationId,
        operation: kind,
        resource: about.resourceId,
      }),
      signal,
      onProgress: (progress) => {
        recorder.progress(progress);
        this.ports.events.emit({ type: 'operation-progress', ...about, ...progress });
      },
      onStep: async (step) => {
        recorder.step(step);
        this.ports.events.emit({ type: 'operation-step', ...about, step });
        await this.stages.observer.onStep(operation, step);
      },
    });
  }

  #runOf<P extends object, R>(work: Work<P, R>, context: OperationContext): OperationRun {
    return {
      operationId: work.operation.id,
      context,
      records: this.ports.store,
      backend: (name) => this.backends.open(name),
      updateParameters: async (parameters) => {
        const stored = { ...parameters } as Record<string, unknown>;
        if (!(await this.ports.store.changeOperation(work.operation.id, { parameters: stored })))
          throw new NoLongerOursError(`the operation ${work.operation.id} has ended elsewhere`);
        work.parameters = parameters as P;
      },
    };
  }

  #ended(
    about: { operationId: string; operation: string; resourceId: string | undefined },
    outcome: string,
    startedAt: number,
    reason?: string,
  ): void {
    const seconds = (this.ports.clock.now() - startedAt) / 1000;
    this.ports.events.emit({ type: 'operation-ended', ...about, outcome, seconds, reason });
  }
}

function interrupted({ kind, id }: OperationRecord): ManagerError {
  return new ManagerError({
    code: 'operation-failed',
    message: `the process that worked on ${kind} (${id}) ended before it was done; what it had made was removed`,
    details: { code: 'interrupted' },
  });
}

function notOurs({ kind, id }: OperationRecord, cause: unknown): ManagerError {
  return new ManagerError({
    code: 'operation-failed',
    message: `${kind} (${id}) is finished by another process now; see scoria operation show ${id}`,
    cause,
  });
}
