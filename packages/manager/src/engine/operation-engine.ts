import type { OperationRecord } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { ManagerError } from '../errors.js';
import { Ports } from '../ports.js';
import type { Caller } from '../requests.js';
import type { Begun } from './acceptance.js';
import { HeldError } from './acceptance.js';
import type { AnyOperationHandler, OperationHandler } from './operation-handler.js';
import { OperationRunner } from './operation-runner.js';
import { OperationStages } from './operation-stages.js';
import type { Work } from './operation-work.js';
import { cancelled, interrupted, StoppingError } from './operation-work.js';
import { OwnerSession } from './owner-session.js';

/** How long what was told to end may take to do so, at a stop. */
const ABORT_MS = 10_000;

/** An operation whose row is written. */
export interface Submitted<R> {
  readonly operationId: string;
  /** Its result, or a ManagerError; a rejection that nobody listens to is no defect. */
  readonly done: Promise<R>;
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
  readonly #accepting = new Set<Promise<unknown>>();
  #whenHeld: HeldListener = () => Promise.resolve(false);
  #closed = false;

  constructor(
    @inject(Ports) private readonly ports: Ports,
    @inject(OwnerSession) private readonly owner: OwnerSession,
    @inject(OperationStages) private readonly stages: OperationStages,
    @inject(OperationRunner) private readonly runner: OperationRunner,
  ) {}

  /** The operations that run or wait for their turn in this process. */
  get running(): readonly string[] {
    return [...this.#running.keys()];
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
    const accepting = this.#accept(handler, parameters, caller).then((begun) => {
      const work = { handler, ...begun, abort: new AbortController(), parameters };
      const done = this.#launch(work);
      abortWith(caller.signal, work.abort, done);
      return { operationId: begun.operation.id, done };
    });
    this.#accepting.add(accepting);
    return accepting.finally(() => this.#accepting.delete(accepting));
  }

  /** Notes that an operation is ours now because its process died; `tryAgain` deals with it. */
  inherit(operation: OperationRecord): void {
    this.runner.strand(operation.id, interrupted(operation));
  }

  /** Whether it is ours and without an end, and nothing works on it. */
  isStranded(operationId: string): boolean {
    return this.runner.isStranded(operationId);
  }

  /** Goes on with what is stranded, or takes it back; nothing if that is under way already. */
  async tryAgain(handler: AnyOperationHandler, operation: OperationRecord): Promise<void> {
    // It may have been ours as another owner: that work has to end before it is begun anew.
    const before = this.#running.get(operation.id);
    if (before !== undefined) await Promise.allSettled([before.done]);
    const { id: ownerId, lost } = await this.owner.term();
    if (this.#closed || operation.ownerId !== ownerId) return;
    const takeover = this.runner.reclaim(operation.id);
    if (takeover === undefined) return;
    const { parameters } = operation;
    await this.#launch({ handler, operation, abort: new AbortController(), lost, takeover, parameters });
  }

  /** Ends an operation of this process where it may be ended; false if it does not run here. */
  cancel(operationId: string): boolean {
    const running = this.#running.get(operationId);
    running?.abort.abort(cancelled('it was asked for'));
    return running !== undefined;
  }

  /** Takes no more, lets what runs end for `graceMs`, then ends it; true if all has ended. */
  async close(graceMs: number): Promise<boolean> {
    this.#closed = true;
    await Promise.allSettled(this.#accepting);
    if (await this.#allEnd(graceMs)) return true;
    for (const { abort } of this.#running.values()) abort.abort(new StoppingError());
    if (await this.#allEnd(ABORT_MS)) return true;
    this.ports.logger.error('operations do not end: they are left as they are', {
      operations: this.running.join(', '),
    });
    return false;
  }

  async #allEnd(milliseconds: number): Promise<boolean> {
    const patience = new AbortController();
    const ends = Promise.allSettled([...this.#running.values()].map(({ done }) => done)).then(() => true);
    const late = this.ports.clock.sleep(milliseconds, patience.signal).then(
      () => false,
      () => true,
    );
    try {
      return await Promise.race([ends, late]);
    } finally {
      patience.abort();
    }
  }

  async #accept<P extends object, R>(
    handler: OperationHandler<P, R>,
    parameters: P,
    caller: Caller,
  ): Promise<Begun> {
    try {
      return await this.stages.acceptance.accept(handler, parameters, caller);
    } catch (error) {
      if (!(error instanceof HeldError) || !(await this.#whenHeld(error.holders))) throw error;
      return this.stages.acceptance.accept(handler, parameters, caller);
    }
  }

  async #launch<P extends object, R>(work: Work<P, R>): Promise<R> {
    const { operation, handler, abort, parameters } = work;
    const volumes = operation.claims.filter(({ kind }) => kind === 'volume').map(({ id }) => id);
    const [backend] = handler.backends(parameters);
    const done = this.stages.queues
      .run(backend, volumes, () => this.runner.carryOut(work))
      .finally(() => this.#running.delete(operation.id));
    this.#running.set(operation.id, { abort, done });
    return done;
  }
}

/** Until the operation has ended: a caller's signal may live much longer. */
function abortWith(signal: AbortSignal | undefined, abort: AbortController, done: Promise<unknown>): void {
  const onAbort = (): void => {
    abort.abort(cancelled('its caller gave up', signal?.reason));
  };
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  const settled = (): void => {
    signal?.removeEventListener('abort', onAbort);
  };
  done.then(settled, settled);
}
