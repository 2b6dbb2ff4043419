import { DriverError, messageOf, type Clock, type Logger } from '@scoria/core';
import {
  HANG_AFTER_MS,
  HEARTBEAT_MS,
  RETRY_AFTER_AT_MOST_MS,
  RETRY_AFTER_MS,
  TRUST_MS,
  type MountedSharesOptions,
} from './mounted-shares-options.js';
import { mayBeDead } from './dead-mount.js';
import { Heartbeat } from './heartbeat.js';
import { NoAnswerError, OneAtATime } from './one-at-a-time.js';
import type { ShareMounter } from './share-mounter.js';
import { PROBE_TIMEOUT_MS, ShareProbe } from './share-probe.js';
import type { ShareWatch } from './share-watch.js';
import { noAnswerReason, unusableShare, type Share } from './share.js';
import type { ShareSpec } from './shares-file-line.js';

/** What a {@link MountedShare} works with. */
export interface MountedShareTools {
  readonly options: MountedSharesOptions;
  readonly mounter: ShareMounter;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly watch: ShareWatch;
}

const NOT_LOOKED_AT = 'it was not looked at yet';
const STILL_LOOKING = 'it has not answered so far; see whether its server is up and can be reached';

interface Failure {
  readonly reason: string;
  readonly cause: unknown;
  readonly retryAt: number;
}

/**
 * One share that is mounted when it is needed: where it is, and how the last look at it ended.
 * States: not looked at, usable, failed. A look moves it from any to usable or failed.
 */
export class MountedShare {
  readonly #probe: ShareProbe;
  readonly #heartbeat: Heartbeat;
  readonly #groupGate = new OneAtATime<void>();
  readonly #probeTimeoutMs: number;
  #failure: Failure | undefined;
  #failuresInARow = 0;
  #foundUsableAt: number | undefined;
  #hasGroup = false;
  #looking: Promise<void> | undefined;

  constructor(
    readonly spec: ShareSpec,
    readonly share: Share,
    private readonly tools: MountedShareTools,
  ) {
    this.#probeTimeoutMs = tools.options.probeTimeoutMs ?? PROBE_TIMEOUT_MS;
    this.#probe = new ShareProbe(share.path, this.#probeTimeoutMs);
    this.#heartbeat = this.#makeHeartbeat(tools);
    tools.watch.add(share.share, this.#heartbeat);
  }

  /** True if the last look found it usable, whether or not another is under way. */
  get isUsable(): boolean {
    return this.#foundUsableAt !== undefined && this.#failure === undefined;
  }

  /** Why it cannot be used, as of the last look or while another takes long; undefined where it can. */
  get problem(): string | undefined {
    if (this.#failure !== undefined) return this.#failure.reason;
    if (this.#looking !== undefined) return STILL_LOOKING;
    return this.#foundUsableAt === undefined ? NOT_LOOKED_AT : undefined;
  }

  /** The share, if the last look found it usable. @throws DriverError `unavailable` */
  get(): Share {
    if (this.isUsable) return this.share;
    const problem = this.problem ?? NOT_LOOKED_AT;
    throw unusableShare(this.share.share, problem + this.#whenNext(), this.#failure?.cause);
  }

  /**
   * Mounts the share if it is not, and finds out whether it can be used. Never rejects: the outcome is the new
   * state. Joins a look that is under way; leaves a share that has failed alone until it is time to try again, and
   * one that hangs until it answers.
   */
  async look(): Promise<void> {
    if (this.#heartbeat.hang !== undefined) return;
    if (this.#failure !== undefined && this.tools.clock.now() < this.#failure.retryAt) return;
    this.#looking ??= this.#lookAndRecord().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  async #lookAndRecord(): Promise<void> {
    try {
      const answer = await this.#mount();
      await this.#grantGroup();
      if (answer !== 'fine' || !this.#isTrusted()) await this.#lookAtFiles();
      this.#recordUsable();
    } catch (error) {
      // That it hangs was recorded when it was noticed.
      if (this.#heartbeat.hang === undefined) this.#recordFailure(error);
    }
  }

  /** Mounts it if it is not, and in the place of a mount that is dead. */
  async #mount(): Promise<'mounted now' | 'fine' | 'an error'> {
    const { mounter, logger } = this.tools;
    let mountedNow = await mounter.mount(this.spec);
    const problem = mountedNow ? undefined : await this.#ask();
    if (mayBeDead(problem)) {
      await mounter.unmountDead(this.spec);
      mountedNow = await mounter.mount(this.spec);
      if (mountedNow)
        logger.warn(`the client of the share ${this.share.share} had died; it is mounted again`);
    }
    if (mountedNow) this.#hasGroup = false;
    if (mountedNow) return 'mounted now';
    return problem === undefined ? 'fine' : 'an error';
  }

  /** The error that the share answers with, if any. @throws DriverError `unavailable` if it does not answer */
  async #ask(): Promise<unknown> {
    try {
      return await this.#heartbeat.answer();
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error;
      throw unusableShare(this.share.share, noAnswerReason(error), error);
    }
  }

  #makeHeartbeat({ options, mounter }: MountedShareTools): Heartbeat {
    const { path, share } = this.share;
    return new Heartbeat(
      async () => mounter.probe.ask(path),
      { everyMs: options.heartbeatMs ?? HEARTBEAT_MS, hangAfterMs: options.hangAfterMs ?? HANG_AFTER_MS },
      (hang) => {
        this.#recordFailure(unusableShare(share, noAnswerReason(hang), hang));
      },
      () => {
        this.#lookAgain();
      },
    );
  }

  /** It answers again: what it can be used for is found out now, not when somebody asks. */
  #lookAgain(): void {
    if (this.#failure !== undefined) this.#failure = { ...this.#failure, retryAt: 0 };
    this.look().catch((error: unknown) => {
      this.tools.logger.error(`the share ${this.share.share} could not be looked at: ${messageOf(error)}`);
    });
  }

  /** A server that does not allow it may let files be created all the same: whether it does is found out next. */
  async #grantGroup(): Promise<void> {
    if (this.#hasGroup) return;
    try {
      await this.#groupGate.run(this.#probeTimeoutMs, () => this.tools.mounter.grantGroup(this.share.path));
      this.#hasGroup = true;
    } catch (error) {
      if (error instanceof NoAnswerError) throw unusableShare(this.share.share, noAnswerReason(error), error);
      this.tools.logger.warn(`the group of the share ${this.share.share} cannot be set: ${messageOf(error)}`);
    }
  }

  async #lookAtFiles(): Promise<void> {
    const problem = await this.#probe.problem();
    if (problem !== undefined) throw unusableShare(this.share.share, problem);
    // Where a mount does not last, the files were those of the directory below it.
    if (!(await this.tools.mounter.isMounted(this.spec))) {
      throw unusableShare(
        this.share.share,
        'it was mounted, but the mount has ended; see the log of its client',
      );
    }
    this.#foundUsableAt = this.tools.clock.now();
  }

  #isTrusted(): boolean {
    if (this.#foundUsableAt === undefined || this.#failure !== undefined) return false;
    return this.tools.clock.now() - this.#foundUsableAt < (this.tools.options.trustMs ?? TRUST_MS);
  }

  #recordUsable(): void {
    const hadFailed = this.#failure !== undefined;
    this.#failure = undefined;
    this.#failuresInARow = 0;
    if (!hadFailed) return;
    this.tools.logger.info(`the share ${this.share.share} can be used again`);
    this.tools.watch.returned();
  }

  #recordFailure(error: unknown): void {
    const reason = error instanceof DriverError ? error.details.reason : undefined;
    const wait = (this.tools.options.retryAfterMs ?? RETRY_AFTER_MS) * 2 ** this.#failuresInARow;
    this.#failuresInARow = Math.min(this.#failuresInARow + 1, 10);
    this.#failure = {
      reason: typeof reason === 'string' ? reason : messageOf(error),
      cause: error,
      retryAt: this.tools.clock.now() + Math.min(wait, RETRY_AFTER_AT_MOST_MS),
    };
    this.tools.logger.warn(`the share ${this.share.share} cannot be used: ${this.#failure.reason}`);
  }

  #whenNext(): string {
    if (this.#failure === undefined) return '';
    if (this.#heartbeat.hang !== undefined) return ' (it is tried again as soon as it answers)';
    const seconds = Math.ceil((this.#failure.retryAt - this.tools.clock.now()) / 1000);
    return seconds > 0 ? ` (it is tried again after ${String(seconds)} s)` : '';
  }
}
