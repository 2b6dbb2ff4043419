import { DriverError, LockError, LockManager, messageOf } from '@scoria/core';
import type { Lock, LockName, OperationContext, Volume, VolumeAttachment } from '@scoria/core';
import { QemuImg } from '@scoria/disk-image';
import { inject, injectable } from 'inversify';
import path from 'node:path';
import { ChainReader } from '../chain/chain-reader.js';
import { isThere } from '../chain/durable-files.js';
import { fileError, systemCode } from '../chain/file-errors.js';
import { FileNames } from '../chain/file-names.js';
import { probeFormat } from '../chain/probe-format.js';
import { ShareDirectory } from '../chain/share-directory.js';
import { Journal } from '../execute/journal.js';
import { planExecutor } from '../execute/make-executor.js';
import type { OpenGuest, PlanExecutor } from '../execute/plan-executor.js';
import { StepRunner } from '../execute/step-runner.js';
import type { Share } from '../shares/share.js';
import { ShareProvider } from '../shares/share.js';
import { Guests } from './guests.js';
import { RemoteFsPolicy } from './remotefs-policy.js';

/** What works on the volumes of one share. */
export interface ShareTools {
  readonly share: Share;
  readonly directory: ShareDirectory;
  readonly reader: ChainReader;
  readonly journal: Journal;
  readonly executor: PlanExecutor;
}

/** A volume whose chain nobody else changes until the lock is released. */
export interface HeldVolume extends AsyncDisposable {
  readonly tools: ShareTools;
}

/** A volume to be held: on which share, and whether to change its chain or only to read it. */
export interface Claim {
  readonly volumeId: string;
  readonly share: Share;
  readonly mode: 'exclusive' | 'shared';
  /** The guests that have it, where an operation knows. */
  readonly attachments?: readonly VolumeAttachment[];
}

const LOCK_WAIT_MS = 30_000;

/** Opens volumes on their shares: locked, and with whatever was left half done finished first. */
@injectable()
export class FileVolumes {
  readonly names: FileNames;
  readonly #tools = new Map<string, ShareTools>();

  constructor(
    @inject(ShareProvider) readonly shares: ShareProvider,
    @inject(LockManager) private readonly locks: LockManager,
    @inject(QemuImg) readonly qemuImg: QemuImg,
    @inject(RemoteFsPolicy) readonly policy: RemoteFsPolicy,
    @inject(Guests) readonly guests: Guests,
  ) {
    this.names = new FileNames(policy.nameTemplate);
  }

  /** The share a volume is on. */
  async shareOf(context: OperationContext, volume: Volume): Promise<Share> {
    if (volume.providerLocation !== undefined) return this.shares.ensure(context, volume.providerLocation);
    throw new DriverError({
      code: 'volume-not-found',
      message: `volume ${volume.id} has no provider_location, so its share is not known; delete it, or manage its file`,
      details: { volumeId: volume.id },
    });
  }

  /**
   * The volume with the share it is on, to be deleted, which must work without `provider_location`: when a process is
   * killed between making a volume and recording where, the file is there and the record does not know it. Nobody
   * can have written to it then, so that its format is what it looks like.
   */
  async find(context: OperationContext, volume: Volume): Promise<Volume | undefined> {
    if (volume.providerLocation !== undefined) return volume;
    const first = this.names.volumeFile(volume.id);
    for (const { share, path: sharePath } of await this.shares.available(context)) {
      const found = { ...volume, providerLocation: share };
      if (await isThere(path.join(sharePath, first))) {
        const format = await probeFormat(path.join(sharePath, first));
        return format === 'qcow2' ? { ...found, providerMetadata: { format } } : found;
      }
      if (await isThere(path.join(sharePath, this.names.infoFile(volume.id)))) return found;
    }
    return undefined;
  }

  toolsFor(share: Share): ShareTools {
    const known = this.#tools.get(share.path);
    if (known !== undefined) return known;
    const directory = new ShareDirectory(share.path);
    const reader = new ChainReader(directory, this.names);
    const journal = new Journal(directory, this.names);
    const steps = new StepRunner(directory, this.names, this.qemuImg, this.policy.fileMode);
    const executor = planExecutor({ directory, reader, journal, steps });
    const tools = { share, directory, reader, journal, executor };
    this.#tools.set(share.path, tools);
    return tools;
  }

  /** Holds a volume where it is. */
  async hold(
    context: OperationContext,
    volume: Volume,
    mode: Claim['mode'] = 'exclusive',
  ): Promise<HeldVolume> {
    const share = await this.shareOf(context, volume);
    return this.holdAll(context, [claimOf(volume, share, mode)]);
  }

  /**
   * Holds several volumes at once; `tools` are those of the first.
   * @throws DriverError `volume-busy` when another operation does not let go in time
   */
  async holdAll(context: OperationContext, claims: readonly [Claim, ...Claim[]]): Promise<HeldVolume> {
    const tools = this.toolsFor(claims[0].share);
    for (;;) {
      const lock = await this.#lock(context, claims, LOCK_WAIT_MS);
      try {
        const unfinished = await this.#recoverHeld(context, claims);
        if (unfinished === undefined) return { tools, [Symbol.asyncDispose]: () => lock.release() };
        await lock.release();
        await this.#recoverAlone(context, unfinished);
      } catch (error) {
        await lock.release();
        throw error;
      }
    }
  }

  /**
   * Holds an id that is to become a volume on `share`, on every usable share, so that it becomes one only once. Hence
   * an operation that makes a volume has to do with all of them: it fails where one begins to hang meanwhile, also one
   * that the volume would not be on. The next one leaves that share out.
   * @param others what is held besides
   */
  async holdNew(
    context: OperationContext,
    volumeId: string,
    share: Share,
    ...others: readonly Claim[]
  ): Promise<HeldVolume> {
    const claim = (on: Share): Claim => ({ volumeId, share: on, mode: 'exclusive' });
    const elsewhere = (await this.shares.available(context)).filter(({ path }) => path !== share.path);
    return this.holdAll(context, [claim(share), ...elsewhere.map(claim), ...others]);
  }

  /**
   * Holds a volume only if nobody else does.
   * @returns undefined if somebody does
   */
  async tryHold(context: OperationContext, claim: Claim): Promise<HeldVolume | undefined> {
    try {
      const lock = await this.#lock(context, [claim], 0);
      return { tools: this.toolsFor(claim.share), [Symbol.asyncDispose]: () => lock.release() };
    } catch (error) {
      if (error instanceof DriverError && error.code === 'volume-busy') return undefined;
      throw error;
    }
  }

  /** Finishes what is unfinished where the lock allows it; returns the first claim that has to be held alone. */
  async #recoverHeld(context: OperationContext, claims: readonly Claim[]): Promise<Claim | undefined> {
    for (const claim of claims) {
      const { journal } = this.toolsFor(claim.share);
      if (claim.mode === 'exclusive') await this.recoverHeld(context, claim);
      else if ((await journal.read(claim.volumeId)) !== undefined) return claim;
    }
    return undefined;
  }

  async #recoverAlone(context: OperationContext, claim: Claim): Promise<void> {
    const lock = await this.#lock(context, [{ ...claim, mode: 'exclusive' }], LOCK_WAIT_MS);
    try {
      await this.recoverHeld(context, claim);
    } finally {
      await lock.release();
    }
  }

  /** Finishes or takes back what is half done of a volume that the caller holds alone. */
  async recoverHeld(context: OperationContext, claim: Claim): Promise<void> {
    const { executor } = this.toolsFor(claim.share);
    await executor.recover(context, claim.volumeId, this.#guestOf(context, claim));
  }

  #guestOf(context: OperationContext, claim: Claim): OpenGuest {
    const { directory } = this.toolsFor(claim.share);
    const volume = { id: claim.volumeId, ...pickAttachments(claim) };
    return async (snapshotId, files) =>
      this.guests.openForRecovery(
        context,
        volume,
        snapshotId,
        files.map((file) => directory.file(file)),
      );
  }

  async #lock(context: OperationContext, claims: readonly Claim[], timeoutMs: number): Promise<Lock> {
    for (const { share } of claims) await this.toolsFor(share).directory.requireWorkDirectories();
    const names = claims.map(({ volumeId, share, mode }): LockName => ({
      directory: this.toolsFor(share).directory.locks,
      name: `volume-${volumeId}`,
      mode,
    }));
    try {
      return await this.locks.acquire(names, { signal: context.signal, timeoutMs });
    } catch (error) {
      throw lockProblem(error, claims);
    }
  }
}

/** A volume to be held, with the guests that have it. */
export function claimOf(volume: Volume, share: Share, mode: Claim['mode']): Claim {
  return { volumeId: volume.id, share, mode, ...pickAttachments(volume) };
}

function pickAttachments({ attachments }: Pick<Claim, 'attachments'>): Pick<Claim, 'attachments'> {
  return attachments === undefined ? {} : { attachments };
}

function lockProblem(error: unknown, claims: readonly Claim[]): unknown {
  if (!(error instanceof LockError)) return error;
  const ids = claims.map((claim) => claim.volumeId).join(' and ');
  if (error.code === 'lock-failed') return lockFailure(error, ids);
  return new DriverError({
    code: error.code === 'lock-timeout' ? 'volume-busy' : 'cancelled',
    message:
      error.code === 'lock-timeout'
        ? `another operation holds volume ${ids}; try again when it has ended`
        : `the operation on volume ${ids} was cancelled while it waited for another one`,
    details: { heldBy: ['operation'] },
    cause: error,
  });
}

function lockFailure(error: LockError, ids: string): DriverError {
  const known = systemCode(error.cause) !== '';
  const doing = `cannot lock volume ${ids}`;
  return known
    ? fileError(error.cause, doing)
    : new DriverError({ code: 'unavailable', message: `${doing}: ${messageOf(error)}`, cause: error });
}
