import { setTimeout as delay } from 'node:timers/promises';
import { NoAnswerError, within } from './one-at-a-time.js';

export interface HeartbeatOptions {
  /** From one question to the next while somebody uses the share. */
  readonly everyMs: number;
  /** How long an answer may take before the share counts as one that hangs. */
  readonly hangAfterMs: number;
}

/** A question that is under way; resolves with the error it was answered with, or with nothing. */
interface Question {
  readonly askedAt: number;
  readonly answered: Promise<unknown>;
}

/**
 * Whether a share answers. An error is an answer too: whoever works on the share gets it himself. Never more than one
 * question is under way, so that a share that hangs takes one thread for it, however often it is asked for.
 */
export class Heartbeat {
  readonly #watchers = new Set<(hang: NoAnswerError) => void>();
  #question: Question | undefined;
  #hang: NoAnswerError | undefined;
  #beats = false;

  /**
   * @param ask a call that the share's file system has to answer itself
   * @param onHang it has begun to hang
   * @param onReturn it has answered after all
   */
  constructor(
    private readonly ask: () => Promise<unknown>,
    private readonly options: HeartbeatOptions,
    private readonly onHang: (hang: NoAnswerError) => void = () => undefined,
    private readonly onReturn: () => void = () => undefined,
  ) {}

  /** Set from when an answer took too long until it comes. */
  get hang(): NoAnswerError | undefined {
    return this.#hang;
  }

  /**
   * Asks now, or joins the question that is under way.
   * @returns the error that it was answered with, if any
   * @throws NoAnswerError at once where it is known to hang
   */
  async answer(): Promise<unknown> {
    if (this.#hang !== undefined) throw this.#hang;
    const { hangAfterMs } = this.options;
    const { askedAt, answered } = (this.#question ??= this.#ask());
    try {
      return await within(Math.max(0, askedAt + hangAfterMs - performance.now()), answered);
    } catch {
      throw this.#declareHang();
    }
  }

  /**
   * Goes on asking for as long as somebody watches.
   * @param onHang called once, when it hangs; at once if it does
   * @returns ends it
   */
  watch(onHang: (hang: NoAnswerError) => void): () => void {
    if (this.#hang !== undefined) {
      onHang(this.#hang);
      return () => undefined;
    }
    // Each has a place of its own, also where two are the same function.
    const watcher = (hang: NoAnswerError): void => {
      onHang(hang);
    };
    this.#watchers.add(watcher);
    if (!this.#beats) this.#beat().catch(() => undefined);
    return () => this.#watchers.delete(watcher);
  }

  /** The pause keeps no process alive: whoever waits for an answer of the share does. Never rejects. */
  async #beat(): Promise<void> {
    this.#beats = true;
    try {
      while (this.#watchers.size > 0) {
        await delay(this.options.everyMs, undefined, { ref: false });
        if (this.#watchers.size > 0) await this.answer();
      }
    } catch {
      // It hangs, and all who watched know.
    } finally {
      this.#beats = false;
    }
  }

  #ask(): Question {
    const answered = this.ask().then(
      () => this.#answered(undefined),
      (error: unknown) => this.#answered(error),
    );
    return { askedAt: performance.now(), answered };
  }

  #answered(problem: unknown): unknown {
    const returned = this.#hang !== undefined;
    this.#question = undefined;
    this.#hang = undefined;
    if (returned) this.onReturn();
    return problem;
  }

  #declareHang(): NoAnswerError {
    if (this.#hang !== undefined) return this.#hang;
    const hang = new NoAnswerError(this.options.hangAfterMs);
    this.#hang = hang;
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    this.onHang(hang);
    for (const watcher of watchers) watcher(hang);
    return hang;
  }
}
