import type { DriverError, OperationContext } from '@scoria/core';
import type { Heartbeat } from './heartbeat.js';
import { hangingShare } from './share.js';

/** The shares that one piece of work has to do with: it is given up when one of them hangs. */
export class ShareUse {
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
   */
  contextFrom(context: OperationContext): OperationContext {
    const { signal } = this.#abort;
    return {
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
  }

  /** Nobody waits for the work any more. */
  end(): void {
    this.#isOver = true;
    for (const { stop } of this.#heartbeats.values()) stop();
  }
}
