import type { DriverError, OperationContext } from '@scoria/core';
import type { Heartbeat } from './heartbeat.js';
import { hangingShare } from './share.js';

/** Where a context says which use its work is; a context that is spread into another one passes it on. */
const USE = Symbol('scoria.remotefs.ShareUse');

interface ContextOfUse extends OperationContext {
  readonly [USE]: ShareUse;
}

/** The shares that one piece of work has to do with: it is given up when one of them hangs. */
export class ShareUse {
  /** The use that work with this context belongs to; undefined where nobody watches the work. */
  static of(context: OperationContext): ShareUse | undefined {
    return (context as Partial<ContextOfUse>)[USE];
  }

  readonly #abort = new AbortController();
  readonly #heartbeats = new Map<string, { readonly heartbeat: Heartbeat; readonly stop: () => void }>();
  #isOver = false;

  /** Rejects with the reason when the work is given up; never resolves. */
  readonly givenUp: Promise<never>;

  constructor() {
    this.givenUp = new Promise((_resolve, reject) => {
      this.#abort.signal.addEventListener('abort', () => {
        reject(this.#abort.signal.reason as DriverError);
      });
    });
    // Nobody may be waiting for it yet.
    this.givenUp.catch(() => undefined);
  }

  get isGivenUp(): boolean {
    return this.#abort.signal.aborted;
  }

  /** From now on the work has to do with this share. */
  add(share: string, heartbeat: Heartbeat): void {
    if (this.#isOver || this.#heartbeats.has(share)) return;
    const stop = heartbeat.watch((hang) => {
      this.#abort.abort(hangingShare(share, hang));
    });
    this.#heartbeats.set(share, { heartbeat, stop });
  }

  /** What it has to do with so far. */
  get shares(): ReadonlyMap<string, Heartbeat> {
    return new Map([...this.#heartbeats].map(([share, { heartbeat }]) => [share, heartbeat]));
  }

  /**
   * The context for the work itself: when it is given up, it is cancelled, and none of its steps begins any more, also
   * of those that are never cancelled. What hangs may come back after others have put the volume in order.
   * {@link of} finds the use by it.
   */
  contextFrom(context: OperationContext): OperationContext {
    const { signal } = this.#abort;
    const inner: ContextOfUse = {
      [USE]: this,
      requestId: context.requestId,
      logger: context.logger,
      signal: AbortSignal.any([context.signal, signal]),
      progress: (progress) => {
        if (!signal.aborted) context.progress(progress);
      },
      step: async (name) => {
        signal.throwIfAborted();
        await context.step(name);
      },
    };
    return inner;
  }

  /** Nobody waits for the work any more. */
  end(): void {
    this.#isOver = true;
    for (const { stop } of this.#heartbeats.values()) stop();
  }
}
