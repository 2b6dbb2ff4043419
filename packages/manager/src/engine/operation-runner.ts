import type { OperationContext, ScoriaError } from '@scoria/core';
import { createContext } from '@scoria/core';
import { inject, injectable } from 'inversify';
import { ManagerError } from '../errors.js';
import { Ports } from '../ports.js';
import { BackendAccess } from '../views/backend-access.js';
import { NoLongerOursError } from './ending.js';
import type { OperationRun } from './operation-handler.js';
import { OperationReport } from './operation-report.js';
import { OperationStages } from './operation-stages.js';
import type { Work } from './operation-work.js';
import { notEnded, notOurs, StoppingError } from './operation-work.js';
import { ProgressRecorder } from './progress-recorder.js';
import { toManagerError, toScoriaError } from './to-manager-error.js';

/** The backend cannot be asked now: what is left over has to wait for it. */
const WAITS_FOR_BACKEND: readonly string[] = ['backend-down', 'unavailable'];

/** Carries one operation out when it is its turn: runs it, undoes what failed, and ends it. */
@injectable()
export class OperationRunner {
  readonly #stranded = new Map<string, ManagerError>();
  /** Those that were told of: they are tried every few seconds for as long as a backend is down. */
  readonly #told = new Set<string>();

  constructor(
    @inject(Ports) private readonly ports: Ports,
    @inject(BackendAccess) private readonly backends: BackendAccess,
    @inject(OperationStages) private readonly stages: OperationStages,
  ) {}

  /** Whether it is ours and without an end, because that could not be written or its backend is gone. */
  isStranded(operationId: string): boolean {
    return this.#stranded.has(operationId);
  }

  /** Notes that it has no end; why, is what its end is to say if it is taken back. */
  strand(operationId: string, reason: ManagerError): void {
    this.#stranded.set(operationId, reason);
  }

  /** For one caller only, who has to see to its end: why the operation was stranded. */
  reclaim(operationId: string): ManagerError | undefined {
    const reason = this.#stranded.get(operationId);
    this.#stranded.delete(operationId);
    return reason;
  }

  /** @throws ManagerError for the caller; what has become of the operation is in the records then */
  async carryOut<P extends object, R>(work: Work<P, R>): Promise<R> {
    const report = new OperationReport(this.ports, work.operation);
    const recorder = this.#recorder(work);
    let result: R;
    try {
      result = await this.#attempt(work, recorder);
    } catch (cause) {
      throw await this.#fail(work, cause, recorder, report);
    }
    return this.#succeed(work, result, recorder, report);
  }

  async #attempt<P extends object, R>(work: Work<P, R>, recorder: ProgressRecorder): Promise<R> {
    const { operation, handler, takeover } = work;
    await this.stages.observer.onStep(operation, 'accepted');
    if (takeover !== undefined && handler.recovery === 'undo') throw takeover;
    const signal = AbortSignal.any([work.abort.signal, work.lost]);
    return handler.run(work.parameters, this.#runOf(work, this.#context(work, recorder, signal)));
  }

  async #succeed<P extends object, R>(
    work: Work<P, R>,
    result: R,
    recorder: ProgressRecorder,
    report: OperationReport,
  ): Promise<R> {
    try {
      await this.stages.observer.onStep(work.operation, 'ending');
      await this.stages.ending.succeed(work, result, await recorder.stop());
    } catch (error) {
      const fate = await this.#fate(work);
      if (fate === 'unknown') throw this.#strand(work, error);
      if (fate === 'running') throw await this.#fail(work, error, recorder, report);
      if (fate !== 'succeeded') throw notOurs(work.operation, error);
      // Its end was written; only the answer of the database was lost.
    }
    this.#told.delete(work.operation.id);
    report.ended('succeeded');
    return result;
  }

  /** What has become of an operation whose end could not be written. Nothing may be undone of one that has ended. */
  async #fate<P extends object, R>({ operation }: Work<P, R>): Promise<string> {
    try {
      const stored = await this.ports.store.getOperation(operation.id);
      return stored?.ownerId === operation.ownerId ? stored.outcome : 'theirs';
    } catch (error) {
      this.ports.logger.debug('an operation could not be read', { operationId: operation.id, error });
      return 'unknown';
    }
  }

  /** Takes back what was made, ends the operation as failed, and says what its caller is told. */
  async #fail<P extends object, R>(
    work: Work<P, R>,
    cause: unknown,
    recorder: ProgressRecorder,
    report: OperationReport,
  ): Promise<ManagerError> {
    if (isLost(work, cause)) return notOurs(work.operation, cause);
    if (this.#isForLater(work, cause)) return this.#strand(work, cause);
    let error = this.#reason(work, cause);
    try {
      error = await this.#undone(work, error, recorder);
      await this.stages.observer.onStep(work.operation, 'ending');
      await this.stages.ending.fail(work, error, await recorder.stop());
    } catch (endError) {
      if (isLost(work, endError)) return notOurs(work.operation, endError);
      if (['running', 'unknown'].includes(await this.#fate(work))) return this.#strand(work, endError, error);
    }
    this.#told.delete(work.operation.id);
    report.failed(error);
    return toManagerError(error);
  }

  /** What is gone on with at a takeover waits for its backend, or for the next manager, instead of failing. */
  #isForLater<P extends object, R>({ handler, takeover, abort }: Work<P, R>, cause: unknown): boolean {
    if (handler.recovery !== 'resume') return false;
    if (abort.signal.reason instanceof StoppingError) return true;
    return takeover !== undefined && WAITS_FOR_BACKEND.includes(toScoriaError(cause, handler.kind).code);
  }

  #reason<P extends object, R>({ abort, operation }: Work<P, R>, cause: unknown): ScoriaError {
    // Whatever an aborted call raises: it was cancelled.
    const isAbort =
      typeof cause === 'object' && cause !== null && 'name' in cause && cause.name === 'AbortError';
    return toScoriaError(abort.signal.aborted && isAbort ? abort.signal.reason : cause, operation.kind);
  }

  /** The row stays as it is, and so stays ours: a recovery tries again. */
  #strand<P extends object, R>(work: Work<P, R>, error: unknown, reason?: ScoriaError): ManagerError {
    const { operation, handler } = work;
    const failure = toScoriaError(error, operation.kind);
    const isTold = this.#told.has(operation.id);
    this.#told.add(operation.id);
    this.ports.logger[isTold ? 'debug' : 'error']('an operation could not be ended and is tried again', {
      operationId: operation.id,
      operation: operation.kind,
      resource: operation.claims[0]?.id,
      backends: handler.backends(work.parameters).join(', '),
      reason: failure.message,
    });
    this.strand(operation.id, work.takeover ?? toManagerError(reason ?? failure));
    return notEnded(operation, failure);
  }

  async #undone<P extends object, R>(
    work: Work<P, R>,
    error: ScoriaError,
    recorder: ProgressRecorder,
  ): Promise<ScoriaError> {
    const { handler, operation } = work;
    if (handler.undo === undefined) return error;
    try {
      // What is cancelled has to be taken back all the same.
      await handler.undo(work.parameters, this.#runOf(work, this.#context(work, recorder, work.lost)));
      return error;
    } catch (undoError) {
      const failure = toScoriaError(undoError, operation.kind);
      if (WAITS_FOR_BACKEND.includes(failure.code)) throw failure;
      return new ManagerError({
        code: 'operation-failed',
        message: `${error.message}; what was made could not be removed: ${failure.message}`,
        details: { code: error.code },
        cause: failure,
      });
    }
  }

  #recorder<P extends object, R>({ operation }: Work<P, R>): ProgressRecorder {
    return new ProgressRecorder(this.ports.store, operation.id, this.ports.logger);
  }

  #context<P extends object, R>(
    { operation }: Work<P, R>,
    recorder: ProgressRecorder,
    signal: AbortSignal,
  ): OperationContext {
    const { id: operationId, kind, requestId } = operation;
    const resource = operation.claims[0]?.id;
    const about = { operationId, operation: kind, resourceId: resource };
    return createContext({
      requestId,
      logger: this.ports.logger.child({ requestId, operationId, operation: kind, resource }),
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
}

/** Others may work on it by now: we leave it alone. */
function isLost({ lost }: { readonly lost: AbortSignal }, error: unknown): boolean {
  return lost.aborted || error instanceof NoLongerOursError;
}
