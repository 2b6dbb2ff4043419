import { messageOf } from '@scoria/core';
import { inject, injectable } from 'inversify';
import { Backends } from './backends/backends.js';
import { CancelWatch } from './engine/cancel-watch.js';
import { OperationEngine } from './engine/operation-engine.js';
import { OwnerSession } from './engine/owner-session.js';
import { Recovery } from './engine/recovery.js';

const GRACE_MS = 30_000;

/** How a stop went. */
export interface Stopped {
  /** No operation is left that this process works on. */
  readonly hasEnded: boolean;
  readonly failures: readonly string[];
}

/** The start and the end of what works in the background. */
@injectable()
export class Lifecycle {
  #settled: Promise<void> = Promise.resolve();
  #stopped: Promise<Stopped> | undefined;

  constructor(
    @inject(Backends) private readonly backends: Backends,
    @inject(OperationEngine) private readonly engine: OperationEngine,
    @inject(Recovery) private readonly recovery: Recovery,
    @inject(CancelWatch) private readonly cancels: CancelWatch,
    @inject(OwnerSession) private readonly owner: OwnerSession,
  ) {}

  /** Keeps the backends up and deals with what dead processes have left, now and from now on. */
  start(): void {
    this.cancels.start();
    this.backends.onUp(() => {
      this.recovery.soon();
    });
    this.#settled = this.backends.keepUp().then(() => this.recovery.pass());
    // Whoever waits is told; what failed is tried again.
    this.#settled.catch(() => undefined);
    this.recovery.watch();
  }

  /** For a single command: what dead processes have left is dealt with first; backends start when needed. */
  async startForCommand(): Promise<void> {
    this.cancels.start();
    await this.recovery.pass();
  }

  async settled(): Promise<void> {
    await this.#settled;
  }

  /** Idempotent; never rejects. */
  async stop(): Promise<Stopped> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  async #stopAll(): Promise<Stopped> {
    const failures: string[] = [];
    const hasEnded = await this.engine.close(GRACE_MS);
    if (!hasEnded)
      failures.push('some operations do not end; end this process, and another one deals with them');
    const parts = [
      () => this.recovery.stop(),
      () => this.cancels.stop(),
      () => this.backends.stop(),
      () => (hasEnded ? this.owner.release() : Promise.resolve()),
    ];
    for (const stop of parts) await stop().catch((error: unknown) => failures.push(messageOf(error)));
    return { hasEnded, failures };
  }
}
