import { Logger, messageOf, type OperationContext } from '@scoria/core';
import { inject, injectable } from 'inversify';
import type { Heartbeat } from './heartbeat.js';
import { ShareUse } from './share-use.js';
import { watchedStream } from './watched-stream.js';

/** What {@link ShareWatch.run} is to do with a result that comes after its caller was told that there is none. */
export type OnLate<T> = (late: T) => Promise<void>;

/**
 * Ends operations on shares that hang. A call that a file system does not answer can be neither cancelled nor killed;
 * but whoever waits for it can be told. The work itself is left behind with what it holds, its locks above all: as long
 * as one of its calls may still be carried out, nobody else is to change the volume. When the call comes back, it
 * begins no further step and lets go; what it leaves half done is found in the journal, as after the end of a process.
 */
@injectable()
export class ShareWatch {
  readonly #heartbeats = new Map<string, Heartbeat>();
  readonly #onReturn = new Set<() => Promise<void>>();

  constructor(@inject(Logger) private readonly logger: Logger) {}

  /** Has the share watched while it is in use; takes the place of one of that name. */
  add(share: string, heartbeat: Heartbeat): void {
    this.#heartbeats.set(share, heartbeat);
  }

  /** The work with this context, begun by {@link run} or {@link items}, has to do with this share from now on. */
  use(context: OperationContext, share: string): void {
    const heartbeat = this.#heartbeats.get(share);
    if (heartbeat !== undefined) ShareUse.of(context)?.add(share, heartbeat);
  }

  /** The shares that the work with this context has to do with so far. */
  inUse(context: OperationContext): string[] {
    return [...(ShareUse.of(context)?.shares.keys() ?? [])];
  }

  /** Calls `listener` each time a share can be used that could not before. */
  onReturn(listener: () => Promise<void>): void {
    this.#onReturn.add(listener);
  }

  /** The share can be used, and could not before. */
  returned(): void {
    for (const listener of this.#onReturn) {
      listener().catch((error: unknown) => {
        this.logger.warn(`a share is back, but could not be put in order: ${messageOf(error)}`);
      });
    }
  }

  /**
   * Does the work, until it ends or one of the shares that it uses hangs. It has a context of its own, by which it
   * tells what it uses.
   * @throws DriverError `unavailable` for a share that hangs; what the work throws
   */
  async run<T>(
    context: OperationContext,
    work: (context: OperationContext) => Promise<T>,
    onLate?: OnLate<T>,
  ): Promise<T> {
    const use = new ShareUse();
    return this.#once(use, async () => work(use.contextFrom(context)), onLate);
  }

  /** The same for work that gives items: what one of them has shown to be in use, the next ones use too. */
  async *items<T>(
    context: OperationContext,
    work: (context: OperationContext) => AsyncIterable<T>,
  ): AsyncGenerator<T> {
    const use = new ShareUse();
    try {
      yield* watchedStream(work(use.contextFrom(context)), async (next) => this.#until(use, next));
    } finally {
      use.end();
    }
  }

  /**
   * The same for work on these shares, whatever else it uses; not begun where one of them hangs, as it could not be
   * taken back.
   */
  async runOn<T>(shares: Iterable<string>, work: () => Promise<T>): Promise<T> {
    const use = this.#useOf(shares);
    if (!use.isGivenUp) return this.#once(use, work);
    use.end();
    return use.givenUp;
  }

  /** The same for what lets go of something: begun in any case, so that it is let go when the share answers. */
  async letGo(shares: Iterable<string>, work: () => Promise<void>): Promise<void> {
    await this.#once(this.#useOf(shares), work);
  }

  #useOf(shares: Iterable<string>): ShareUse {
    const use = new ShareUse();
    for (const share of shares) {
      const heartbeat = this.#heartbeats.get(share);
      if (heartbeat !== undefined) use.add(share, heartbeat);
    }
    return use;
  }

  async #once<T>(use: ShareUse, work: () => Promise<T>, onLate?: OnLate<T>): Promise<T> {
    try {
      return await this.#until(use, work, onLate);
    } finally {
      use.end();
    }
  }

  async #until<T>(use: ShareUse, work: () => Promise<T>, onLate?: OnLate<T>): Promise<T> {
    const working = work();
    try {
      return await Promise.race([working, use.givenUp]);
    } catch (error) {
      // Whoever has the result already keeps it, also where a share begins to hang in the same moment.
      if (use.isGivenUp) this.#follow(working, onLate);
      throw error;
    }
  }

  /** There is nobody to be told but the log. */
  #follow<T>(working: Promise<T>, onLate: OnLate<T> = async () => Promise.resolve()): void {
    working.then(onLate).then(
      () => {
        this.logger.info('an operation that was given up has ended after all');
      },
      (error: unknown) => {
        this.logger.info(`an operation that was given up has ended: ${messageOf(error)}`);
      },
    );
  }
}
