import { type CallSubject, ETIMEDOUT, nativeError, rbdError } from './errno.js';

/** How long a caller waits. */
export interface Patience {
  /** None: the caller waits as long as it takes. */
  readonly limitMs?: number | undefined;
  /** How long it may go without a word of its progress, once it has reached the cluster. */
  readonly idleMs?: number | undefined;
  /** Ends the wait with `cancelled`. */
  readonly signal?: AbortSignal | undefined;
  /** The signal ends it only as long as the work was not begun: after that, the work hears of it. */
  readonly endsByItself?: boolean;
}

/** A caller who waits: until the limit is over, or the signal says so. */
export class Waiting {
  #timer: NodeJS.Timeout | undefined;
  #isBegun = false;
  #isOver = false;

  /** @param giveUp called once at most */
  constructor(
    private readonly patience: Patience,
    private readonly subject: CallSubject,
    private readonly giveUp: (error: Error) => void,
  ) {}

  /** @param isBegun whether the work has reached the cluster already */
  start(isBegun: boolean): void {
    const { limitMs, idleMs, signal } = this.patience;
    this.#isBegun = isBegun;
    this.#limit(limitMs ?? (isBegun ? idleMs : undefined));
    signal?.addEventListener('abort', this.#cancel);
    if (signal?.aborted === true) this.#cancel();
  }

  /** The work has reached the cluster. */
  begin(): void {
    this.#isBegun = true;
    this.heard();
  }

  /** There was a word of its progress. */
  heard(): void {
    if (this.patience.idleMs !== undefined && !this.#isOver) this.#limit(this.patience.idleMs);
  }

  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.patience.signal?.removeEventListener('abort', this.#cancel);
  }

  readonly #cancel = (): void => {
    if (this.patience.endsByItself === true && this.#isBegun) return;
    this.#leave(rbdError('cancelled', this.subject, 'it was ended before it was done'));
  };

  #limit(ms: number | undefined): void {
    clearTimeout(this.#timer);
    if (ms === undefined) return;
    this.#timer = setTimeout(() => this.#leave(nativeError(ETIMEDOUT, this.subject)), ms);
  }

  #leave(error: Error): void {
    this.end();
    this.giveUp(error);
  }
}
