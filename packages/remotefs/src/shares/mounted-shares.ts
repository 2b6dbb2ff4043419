import { Clock, DriverError, Logger, throwIfCancelled, type OperationContext } from '@scoria/core';
import { inject, injectable } from 'inversify';
import PQueue from 'p-queue';
import { requireAbsolute } from './absolute-path.js';
import { AVAILABLE_WAIT_MS, MountedSharesOptions } from './mounted-shares-options.js';
import { MountedShare } from './mounted-share.js';
import { within } from './one-at-a-time.js';
import { mountPointOf, ShareMounter } from './share-mounter.js';
import { refusedOption } from './share-limits.js';
import { ShareWatch } from './share-watch.js';
import { unknownShare, type Share, type ShareProvider } from './share.js';
import { optionProblem, type ShareSpec } from './shares-file-line.js';
import { readSharesFile } from './shares-file.js';

const MOUNTS_AT_A_TIME = 8;

/**
 * The shares of a shares file, mounted by this host: NFS, GlusterFS and their kin. The file is read at start; a
 * share that is added to it later is there after the next start. Nothing is unmounted: other processes, guests
 * among them, use the same mounts.
 */
@injectable()
export class MountedShares implements ShareProvider {
  #shares: ReadonlyMap<string, MountedShare> = new Map<string, MountedShare>();

  constructor(
    @inject(MountedSharesOptions) private readonly options: MountedSharesOptions,
    @inject(ShareMounter) private readonly mounter: ShareMounter,
    @inject(Clock) private readonly clock: Clock,
    @inject(Logger) private readonly logger: Logger,
    @inject(ShareWatch) private readonly watch: ShareWatch,
  ) {
    requireAbsolute('the shares file', options.sharesFile);
    requireAbsolute('the directory for mount points', options.mountPointBase);
    requireMountOptions(options);
  }

  async start(context: OperationContext): Promise<void> {
    throwIfCancelled(context);
    const { shares, problems } = await readSharesFile(this.options.sharesFile, this.options.limits);
    for (const { line, reason } of problems) {
      this.logger.warn(`line ${String(line)} of ${this.options.sharesFile} is skipped: it ${reason}`);
    }
    this.#shares = new Map(shares.map((spec) => [spec.share, this.#known(spec) ?? this.#create(spec)]));
    // From here on it is heard of.
    throwIfCancelled(context);
    await untilAborted(this.#lookAtAll(), context);
    if (![...this.#shares.values()].some((share) => share.isUsable)) throw this.#noneUsable();
  }

  async available(context: OperationContext): Promise<readonly Share[]> {
    const wait = this.options.availableWaitMs ?? AVAILABLE_WAIT_MS;
    const looked = [...this.#shares.values()].map(async (share) => {
      const inTime = await within(wait, share.look()).then(
        () => true,
        () => false,
      );
      if (!inTime || !share.isUsable) return [];
      this.watch.use(context, share.share.share);
      return [share.share];
    });
    return (await Promise.all(looked)).flat();
  }

  problems(): ReadonlyMap<string, string> {
    const shares = [...this.#shares.values()];
    return new Map(
      shares.flatMap(({ share, problem }) => (problem === undefined ? [] : [[share.share, problem]])),
    );
  }

  byName(share: string): Share {
    return this.#find(share).get();
  }

  async ensure(context: OperationContext, share: string): Promise<Share> {
    const found = this.#find(share);
    await found.look();
    const usable = found.get();
    this.watch.use(context, share);
    return usable;
  }

  #find(share: string): MountedShare {
    const found = this.#shares.get(share);
    if (found !== undefined) return found;
    throw unknownShare(share, [...this.#shares.keys()], `the shares file ${this.options.sharesFile}`);
  }

  #known(spec: ShareSpec): MountedShare | undefined {
    const known = this.#shares.get(spec.share);
    return known?.spec.options.join() === spec.options.join() ? known : undefined;
  }

  #create(spec: ShareSpec): MountedShare {
    const path = mountPointOf(this.options.mountPointBase, spec.share);
    const options = spec.options.length === 0 ? {} : { options: spec.options };
    return new MountedShare(
      spec,
      { share: spec.share, path, ...options },
      {
        options: this.options,
        mounter: this.mounter,
        clock: this.clock,
        logger: this.logger,
        watch: this.watch,
      },
    );
  }

  async #lookAtAll(): Promise<void> {
    const queue = new PQueue({ concurrency: MOUNTS_AT_A_TIME });
    await queue.addAll([...this.#shares.values()].map((share) => async () => share.look()));
  }

  #noneUsable(): DriverError {
    const shares = [...this.#shares.values()];
    const reasons = [...this.problems()].map(([share, problem]) => `${share}: ${problem}`);
    return new DriverError({
      code: 'unavailable',
      message: `no share of ${this.options.sharesFile} can be used: ${reasons.join('; ')}`,
      details: { file: this.options.sharesFile, shares: shares.map(({ share }) => share.share) },
    });
  }
}

/** What holds for a line of the shares file holds for all of them. */
function requireMountOptions({ mountOptions = [], limits = {} }: MountedSharesOptions): void {
  const malformed = mountOptions.map(optionProblem).find((each) => each !== undefined);
  const problem = malformed ?? refusedOption(mountOptions, limits);
  if (problem === undefined) return;
  throw new DriverError({ code: 'invalid-input', message: `the configuration of the mounts ${problem}` });
}

/** Waits for `work`, or for the operation to be cancelled; the work itself then ends by its own time limits. */
async function untilAborted(work: Promise<void>, context: OperationContext): Promise<void> {
  const over = new AbortController();
  const aborted = new Promise<void>((resolve) => {
    context.signal.addEventListener(
      'abort',
      () => {
        resolve();
      },
      { once: true, signal: over.signal },
    );
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    over.abort();
  }
  throwIfCancelled(context);
}
