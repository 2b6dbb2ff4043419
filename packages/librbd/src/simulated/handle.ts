import { type LongCall, silenceLimitMs } from '../model/long-call.js';
import type { CallManner, Progress, SimulatedProcess } from './process.js';
import { simulatedError, type SimulatedSubject } from './simulated-error.js';

/** The connection that handles live on. */
export interface Connection {
  readonly process: SimulatedProcess;
  readonly user: string;
  readonly timeoutMs: number;
  isLost: boolean;
}

/** Something that is open until it, or what it was opened of, is closed. */
export abstract class SimulatedHandle implements AsyncDisposable {
  readonly #children = new Set<SimulatedHandle>();
  readonly #underWay = new Set<Promise<unknown>>();
  #isClosed = false;
  #whenChanged: (() => void)[] = [];

  protected constructor(
    protected readonly connection: Connection,
    protected readonly owner: SimulatedHandle | undefined,
  ) {
    owner?.adopt(this);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#tellChange();
    await Promise.allSettled(this.#underWay);
    await Promise.all([...this.#children].map(async (child) => child.close()));
    this.owner?.disown(this);
    this.release();
  }

  /** As {@link close}, once nothing of it is used. */
  async closeWhenUnused(): Promise<void> {
    while (!this.#isClosed && (this.#underWay.size > 0 || this.#children.size > 0)) {
      await new Promise<void>((resolve) => this.#whenChanged.push(resolve));
    }
    await this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What ends with the handle, or with its process. */
  protected release(): void {}

  protected async call<T>(
    subject: SimulatedSubject,
    changes: boolean,
    work: (progress: Progress) => T | Promise<T>,
    long?: LongCall,
  ): Promise<T> {
    const running = this.connection.process.call(this.#manner(subject, changes, long), work, long);
    this.#underWay.add(running);
    try {
      return await running;
    } finally {
      this.#underWay.delete(running);
      this.#tellChange();
    }
  }

  /** @throws RbdError `closed`, `disconnected` */
  protected check(subject: SimulatedSubject): void {
    if (this.#isClosed) throw simulatedError('closed', subject, 'it was closed before');
    this.owner?.check(subject);
    checkConnection(this.connection, subject);
  }

  private adopt(child: SimulatedHandle): void {
    this.#children.add(child);
  }

  private disown(child: SimulatedHandle): void {
    this.#children.delete(child);
    this.#tellChange();
  }

  /** A call has ended, something opened of it is closed, or it begins to close. */
  #tellChange(): void {
    const told = this.#whenChanged;
    this.#whenChanged = [];
    for (const tell of told) tell();
  }

  #manner(subject: SimulatedSubject, changes: boolean, long: LongCall | undefined): CallManner {
    const { timeoutMs } = this.connection;
    return {
      ...subject,
      changes,
      signal: long?.signal,
      timeoutMs: long === undefined ? timeoutMs : silenceLimitMs(long, timeoutMs),
      check: () => this.check(subject),
      checkConnection: () => checkConnection(this.connection, subject),
      disconnect: () => (this.connection.isLost = true),
    };
  }
}

/** @throws RbdError `disconnected` */
export function checkConnection({ isLost }: Connection, subject: SimulatedSubject): void {
  if (!isLost) return;
  throw simulatedError('disconnected', subject, 'the connection to the cluster is gone: connect again');
}
