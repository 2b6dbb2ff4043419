import { createContext, DriverOptions, isDriverError, Logger, messageOf } from '@scoria/core';
import type { Lock, OperationContext } from '@scoria/core';
import { isRbdError } from '@scoria/librbd';
import type { RbdPool } from '@scoria/librbd';
import { inject, injectable } from 'inversify';
import { RbdConnection } from '../cluster/rbd-connection.js';
import { flattenClaim } from '../driver/volume-locks.js';
import { ParentRelease } from '../execute/parent-release.js';
import type { Intent } from '../journal/entry.js';
import { referenceOf } from '../journal/entry.js';
import type { RbdOptions } from '../options.js';
import { readImage } from '../tree/read-image.js';
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
    @inject(Logger) private readonly logger: Logger,
    @inject(DriverOptions) options: RbdOptions,
  ) {
    this.#slots = new Slots(options.rbd_concurrent_flatten_operations);
  }

  /** Those that wait or are under way in this process. */
  get images(): string[] {
    return [...this.#jobs.keys()];
  }

  /** Records that an image is to be flattened, and has it done. */
  async queue(pool: RbdPool, image: string): Promise<void> {
    await this.parents.journal.write(pool, image, { kind: 'flatten' });
    this.add(image);
  }

  /** Has done what is recorded already. */
  add(image: string): void {
    if (this.#isEnded || this.#jobs.has(image)) return;
    const controller = new AbortController();
    const end = this.#slots
      .run(() => this.#flatten(image, controller))
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
    const intent = (await this.#wanted(pool, image)) ?? { kind: 'flatten' };
    await this.parents.journal.write(pool, image, { ...intent, isCancelled: true });
    return { lock: await this.parents.locks.hold(context, [flattenClaim(image)]), wasQueued: true };
  }

  /** What is under way stops; the journal has what is left. */
  async end(): Promise<void> {
    this.#isEnded = true;
    for (const { controller } of this.#jobs.values()) controller.abort();
    await this.idle();
  }

  async #flatten(image: string, controller: AbortController): Promise<void> {
    const { signal } = controller;
    if (signal.aborted) return;
    await using lock = await this.parents.locks.tryHold({ signal }, [flattenClaim(image)]);
    if (lock === undefined) return;
    try {
      await this.connection.use(`flatten ${image}`, ({ pool }) => this.#flattenHeld(pool, image, controller));
    } catch (error) {
      if (!isDriverError(error, 'cancelled')) throw error;
    }
  }

  async #flattenHeld(pool: RbdPool, image: string, controller: AbortController): Promise<void> {
    const intent = await this.#wanted(pool, image);
    if (intent === undefined) return;
    const node = await readImage(pool, image);
    const parent = node?.parent === undefined ? intent.parent : referenceOf(node.parent);
    if (node?.parent !== undefined) {
      await this.parents.journal.write(pool, image, { kind: 'flatten', parent: referenceOf(node.parent) });
      await this.#copyWatched(pool, image, controller);
    }
    if (parent !== undefined)
      await this.parents.release(this.#context(image, controller.signal), pool, parent);
    await this.parents.journal.remove(pool, image);
  }

  async #copyWatched(pool: RbdPool, image: string, controller: AbortController): Promise<void> {
    const looks = setInterval(() => {
      this.#look(pool, image, controller);
    }, LOOK_MS).unref();
    try {
      await this.#copy(pool, image, controller.signal);
    } finally {
      clearInterval(looks);
    }
  }

  async #copy(pool: RbdPool, image: string, signal: AbortSignal): Promise<void> {
    await using open = await pool.openImage(image);
    let told = 0;
    const onProgress = (done: number, total: number): void => {
      const percent = Math.floor((100 * done) / Math.max(1, total));
      if (percent < told + 10) return;
      told = percent;
      this.logger.info(`${image} is flattened: ${percent} %`, { image, done, total });
    };
    try {
      await open.flatten({ onProgress, signal });
    } catch (error) {
      if (!isRbdError(error, 'invalid')) throw error;
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
    const intent = (await this.parents.journal.find(pool, image))?.intent;
    return intent?.kind === 'flatten' && intent.isCancelled !== true ? intent : undefined;
  }

  #context(image: string, signal: AbortSignal): OperationContext {
    return createContext({ requestId: `flatten-${image}`, logger: this.logger, signal });
  }
}
