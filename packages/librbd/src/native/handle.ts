import { Attempt } from './attempt.js';
import type { Patience } from './waiting.js';
import { type LongCall, silenceLimitMs } from '../model/long-call.js';
import { type CallSubject, rbdError } from './errno.js';
import type { NativeCalls } from './native-calls.js';

/** What a handle has besides what the library gave. */
export interface HandleContext {
  /** For messages: `image rbd/volume-1`. */
  readonly label: string;
  readonly calls: NativeCalls;
  /** How long a call may take that the cluster does not answer. */
  readonly limitMs: number;
  /** What it was opened of, and is closed with. */
  readonly owner?: NativeHandle;
}

/**
 * Something of librados or librbd that has to be closed, once, and never while a call uses it: that would end the
 * process. Counts the calls under way, those included whose callers have given up.
 */
export abstract class NativeHandle implements AsyncDisposable {
  readonly #children = new Set<NativeHandle>();
  #uses = 0;
  #closing: Promise<void> | undefined;
  #whenChanged: (() => void)[] = [];

  protected readonly label: string;
  protected readonly calls: NativeCalls;
  protected readonly limitMs: number;
  readonly #owner: NativeHandle | undefined;

  protected constructor({ label, calls, limitMs, owner }: HandleContext) {
    this.label = label;
    this.calls = calls;
    this.limitMs = limitMs;
    this.#owner = owner;
    if (owner !== undefined) owner.#children.add(this);
  }

  /**
   * Closes it when the calls under way have ended. Never fails: what was written and not flushed may be lost, and a
   * cluster that does not answer is not waited for longer than a call may take.
   */
  async close(): Promise<void> {
    const subject = { operation: 'close', object: this.label };
    await new Attempt().wait(this.#closed(), { limitMs: this.limitMs }, subject).catch(() => undefined);
  }

  /**
   * As {@link close}, once no call is under way and nothing is open any more that was opened of it; until then all of that
   * can be used.
   */
  async closeWhenUnused(): Promise<void> {
    while (this.#closing === undefined && (this.#uses > 0 || this.#children.size > 0)) await this.#change();
    await this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Gives back what the library holds. Nothing uses it any more. */
  protected abstract release(): Promise<void>;

  /** @throws RbdError `closed` */
  protected checkOpen(subject: CallSubject): void {
    if (this.#closing !== undefined) throw rbdError('closed', subject, 'it was closed before');
    this.#owner?.checkOpen(subject);
  }

  /** For what is opened of it. */
  protected contextOf(label: string): HandleContext {
    return { label, calls: this.calls, limitMs: this.limitMs, owner: this };
  }

  /**
   * Does work with what the library holds, which stays until the work is done.
   * @throws RbdError `closed`, `timed-out`, `cancelled`, besides what the work throws
   */
  protected async using<T>(
    subject: CallSubject,
    work: (attempt: Attempt) => Promise<T>,
    patience: Patience = { limitMs: this.limitMs },
    putAway?: (late: T) => Promise<void>,
  ): Promise<T> {
    this.checkOpen(subject);
    const attempt = new Attempt();
    return attempt.wait(this.#counted(work, attempt), patience, subject, putAway);
  }

  /** Of a call that takes as long as it takes, with a word now and then where somebody listens. */
  protected patienceFor(call: LongCall): Patience {
    return { signal: call.signal, endsByItself: true, idleMs: silenceLimitMs(call, this.limitMs) };
  }

  async #counted<T>(work: (attempt: Attempt) => Promise<T>, attempt: Attempt): Promise<T> {
    this.#uses += 1;
    try {
      return await work(attempt);
    } finally {
      // Where several were made at once, and one has failed, the others still use what the library holds.
      await attempt.quiet();
      this.#uses -= 1;
      this.#tellChange();
    }
  }

  async #closeWhenIdle(): Promise<void> {
    while (this.#uses > 0) await this.#change();
    // Opened by calls that were under way.
    await Promise.all([...this.#children].map(async (child) => child.#closed()));
    await this.release();
    if (this.#owner !== undefined) this.#owner.#disown(this);
  }

  /** Unlike {@link close} it waits as long as it takes. */
  async #closed(): Promise<void> {
    this.#closing ??= this.#closeWhenIdle();
    this.#tellChange();
    await this.#closing;
  }

  #disown(child: NativeHandle): void {
    this.#children.delete(child);
    this.#tellChange();
  }

  /** Resolves when a call has ended, something opened of it is closed, or it begins to close. */
  async #change(): Promise<void> {
    await new Promise<void>((resolve) => this.#whenChanged.push(resolve));
  }

  #tellChange(): void {
    const told = this.#whenChanged;
    this.#whenChanged = [];
    for (const tell of told) tell();
  }
}
