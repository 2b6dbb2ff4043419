import { createContext, DriverOptions, isDriverError, Logger, messageOf } from '@scoria/core';
import type { Lock, OperationContext } from '@scoria/core';
import type { RbdPool } from '@scoria/librbd';
import { inject, injectable } from 'inversify';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connected } from '../cluster/rbd-connection.js';
import { RbdConnection } from '../cluster/rbd-connection.js';
import { flattenClaim } from '../driver/volume-locks.js';
import { ParentRelease } from '../execute/parent-release.js';
import type { Intent } from '../journal/entry.js';
import { referenceOf } from '../journal/entry.js';
import { deletedImage } from '../names.js';
import type { RbdOptions } from '../options.js';
import { readImage } from '../tree/read-image.js';
import { usersBelow } from '../tree/users-below.js';
import { FlattenCopies } from './flatten-copies.js';
import { Slots } from './slots.js';

type FlattenIntent = Extract<Intent, { kind: 'flatten' }>;

interface Job {
  readonly controller: AbortController;
  readonly end: Promise<void>;
}

/** A flattening that does not go on until its lock is released. */
export interface StoppedFlattening {
  readonly lock: Lock;
  /** It has not ended, and is to be queued again if the image stays. */
  readonly wasQueued: boolean;
}

/** How often a job looks whether another process wants the image. */
const LOOK_MS = 1000;
/** How often it looks at most whether somebody still reads: guests may have their volumes for months. */
const MOST_PAUSE_MS = 60_000;
/** How long another process has to stop, each time that it is asked. */
const ASK_MS = 5000;
const ASKS = 6;

/** `is read`: the image is flattened, and its parent is kept until nobody reads what was opened before. */
type FlattenResult = 'ended' | 'is read';

/**
 * Makes clones independent of their ancestors in the background, some at a time, while they are used like any other
 * volume. What is queued is in the journal, so that it goes on after a restart.
 */
@injectable()
export class FlattenQueue {
  readonly #jobs = new Map<string, Job>();
  readonly #slots: Slots;
  #isEnded = false;

  constructor(
    @inject(RbdConnection) private readonly connection: RbdConnection,
    @inject(ParentRelease) private readonly parents: ParentRelease,
    @inject(FlattenCopies) private readonly copies: FlattenCopies,
    @inject(Logger) private readonly logger: Logger,
    @inject(DriverOptions) options: RbdOptions,
  ) {
    this.#slots = new Slots(options.rbd_concurrent_flatten_operations);
  }

  /** Those that wait or are under way in this process. */
  get images(): string[] {
    return [...this.#jobs.keys()];
  }

  /** Records that an image is to be flattened, and has it done. What was begun is gone on with. */
  async queue(pool: RbdPool, image: string): Promise<void> {
    const begun = (await this.#intent(pool, image))?.parent;
    await this.parents.journal.write(pool, image, {
      kind: 'flatten',
      ...(begun === undefined ? {} : { parent: begun }),
    });
    this.add(image);
  }

  /** Has done what is recorded already. */
  add(image: string): void {
    if (this.#isEnded || this.#jobs.has(image)) return;
    const controller = new AbortController();
    const end = this.#flattenInTurn(image, controller)
      .catch((error: unknown) => {
        this.logger.warn(`${image} could not be flattened yet: ${messageOf(error)}`);
      })
      .finally(() => this.#jobs.delete(image));
    this.#jobs.set(image, { controller, end });
  }

  /** Resolves when nothing is queued or under way in this process. */
  async idle(): Promise<void> {
    while (this.#jobs.size > 0) await Promise.all([...this.#jobs.values()].map(({ end }) => end));
  }

  /**
   * Has whoever flattens the image stop, in this process or another one of this host. The caller holds the image, and
   * the flattening from now on.
   * @throws DriverError `volume-busy` where it does not stop in time
   */
  async stop(context: OperationContext, pool: RbdPool, image: string): Promise<StoppedFlattening> {
    const job = this.#jobs.get(image);
    job?.controller.abort();
    await job?.end;
    const free = await this.parents.locks.tryHold(context, [flattenClaim(image)]);
    if (free !== undefined) return { lock: free, wasQueued: job !== undefined };
    return { lock: await this.#askToStop(context, pool, image), wasQueued: true };
  }

  /** Does something while an image is not being flattened, which goes on afterwards. @throws as {@link stop} */
  async whileStopped(
    context: OperationContext,
    pool: RbdPool,
    image: string,
    work: () => Promise<void>,
  ): Promise<void> {
    const stopped = await this.stop(context, pool, image);
    try {
      await work();
    } finally {
      await this.goOn(pool, image, stopped);
    }
  }

  /** Has it go on that was stopped. Never fails: what is recorded is gone on with after the next start. */
  async goOn(pool: RbdPool, image: string, { lock, wasQueued }: StoppedFlattening): Promise<void> {
    await lock.release();
    if (!wasQueued) return;
    try {
      await this.queue(pool, image);
    } catch (error) {
      this.logger.warn(`${image} is not flattened until the next start: ${messageOf(error)}`);
    }
  }

  /** What is under way stops; the journal has what is left. */
  async end(): Promise<void> {
    this.#isEnded = true;
    for (const { controller } of this.#jobs.values()) controller.abort();
    await this.idle();
    await this.copies.end();
  }

  /** More than once: whoever flattens it may be about to write what was there before. */
  async #askToStop(context: OperationContext, pool: RbdPool, image: string): Promise<Lock> {
    for (let left = ASKS; ; left -= 1) {
      const intent = (await this.#intent(pool, image)) ?? { kind: 'flatten' };
      await this.parents.journal.write(pool, image, { ...intent, isCancelled: true });
      try {
        return await this.parents.locks.hold(context, [flattenClaim(image)], ASK_MS);
      } catch (error) {
        if (left === 1 || !isDriverError(error, 'volume-busy')) throw error;
      }
    }
  }

  /** Again and again where somebody still reads, less and less often; meanwhile others have their turn. */
  async #flattenInTurn(image: string, controller: AbortController): Promise<void> {
    const { signal } = controller;
    for (let pauseMs = LOOK_MS; (await this.#inTurn(image, controller)) === 'is read';) {
      if (signal.aborted) return;
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
      pauseMs = Math.min(2 * pauseMs, MOST_PAUSE_MS);
    }
  }

  /** One that is stopped before its turn ends at once: who has the turn may wait for who stops it. */
  async #inTurn(image: string, controller: AbortController): Promise<FlattenResult> {
    const { signal } = controller;
    try {
      return await this.#slots.run(() => this.#flatten(image, controller), signal);
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) throw error;
      return 'ended';
    }
  }

  async #flatten(image: string, controller: AbortController): Promise<FlattenResult> {
    const { signal } = controller;
    if (signal.aborted) return 'ended';
    await using lock = await this.parents.locks.tryHold({ signal }, [flattenClaim(image)]);
    if (lock === undefined) return 'ended';
    try {
      return await this.connection.useInBackground(`flatten ${image}`, (connected) =>
        this.#flattenHeld(connected, image, controller),
      );
    } catch (error) {
      if (!isDriverError(error, 'cancelled')) throw error;
      return 'ended';
    }
  }

  async #flattenHeld(
    { cluster, pool }: Connected,
    image: string,
    controller: AbortController,
  ): Promise<FlattenResult> {
    const intent = await this.#wanted(pool, image);
    if (intent === undefined) return 'ended';
    // It may be deleted meanwhile, and be read through all the same.
    const node = await readImage(pool, image);
    const named = node ?? (await readImage(pool, deletedImage(image)));
    const parent = node?.parent === undefined ? intent.parent : referenceOf(node.parent);
    if (node?.parent !== undefined) {
      await this.parents.journal.write(pool, image, { kind: 'flatten', parent: referenceOf(node.parent) });
      await this.#copyWatched(pool, image, controller);
    }
    const isRead = this.parents.locks.isRead.bind(this.parents.locks);
    const below = named === undefined ? [] : await usersBelow({ cluster, pool, isRead }, { id: named.id });
    const isUsed = below.length > 0 || (await isRead(image));
    if (isUsed && parent !== undefined) return 'is read';
    if (parent !== undefined)
      await this.parents.release(this.#context(image, controller.signal), pool, parent);
    await this.parents.journal.remove(pool, image);
    return 'ended';
  }

  async #copyWatched(pool: RbdPool, image: string, controller: AbortController): Promise<void> {
    const looks = setInterval(() => this.#look(pool, image, controller), LOOK_MS).unref();
    try {
      await this.copies.copy(pool, image, controller.signal);
    } finally {
      clearInterval(looks);
    }
  }

  #look(pool: RbdPool, image: string, controller: AbortController): void {
    this.#wanted(pool, image).then(
      (intent) => {
        if (intent === undefined) controller.abort();
      },
      (error: unknown) => {
        this.logger.debug(`whether ${image} is still to be flattened is not known: ${messageOf(error)}`);
      },
    );
  }

  async #wanted(pool: RbdPool, image: string): Promise<FlattenIntent | undefined> {
    const intent = await this.#intent(pool, image);
    return intent?.isCancelled === true ? undefined : intent;
  }

  async #intent(pool: RbdPool, image: string): Promise<FlattenIntent | undefined> {
    const intent = (await this.parents.journal.find(pool, image))?.intent;
    return intent?.kind === 'flatten' ? intent : undefined;
  }

  #context(image: string, signal: AbortSignal): OperationContext {
    return createContext({ requestId: `flatten-${image}`, logger: this.logger, signal });
  }
}
