import { BackendIdentity, DriverError, LockError, LockManager } from '@scoria/core';
import type { Lock, LockName, OperationContext } from '@scoria/core';
import { inject, injectable } from 'inversify';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { livingName } from '../names.js';

export interface LockClaim {
  /** What is held: `image`, `flatten.image`, `image@snapshot`. */
  readonly name: string;
  readonly mode?: LockName['mode'];
}

const LOCK_WAIT_MS = 30_000;
const LOOKS = 3;
const LOOK_PAUSE_MS = 5;
const NEVER = new AbortController().signal;

/**
 * What operations of this host's processes have under way. The locks die with their process, so that what nobody holds
 * was left behind. Images are locked from child to parent, never the other way round.
 */
@injectable()
export class VolumeLocks {
  readonly #directory: string;

  constructor(
    @inject(LockManager) private readonly locks: LockManager,
    @inject(BackendIdentity) { stateDirectory }: BackendIdentity,
  ) {
    this.#directory = path.join(stateDirectory, 'locks');
  }

  /** @throws DriverError `volume-busy` when another operation does not let go in time, `cancelled` */
  async hold(
    context: Pick<OperationContext, 'signal'>,
    claims: readonly LockClaim[],
    timeoutMs = LOCK_WAIT_MS,
  ): Promise<Lock> {
    try {
      const names = claims.map((claim) => this.#lockName(claim));
      return await this.locks.acquire(names, { signal: context.signal, timeoutMs });
    } catch (error) {
      throw lockProblem(error, claims);
    }
  }

  /** @returns undefined where somebody else holds one of them */
  async tryHold(
    context: Pick<OperationContext, 'signal'>,
    claims: readonly LockClaim[],
  ): Promise<Lock | undefined> {
    try {
      return await this.hold(context, claims, 0);
    } catch (error) {
      if (error instanceof DriverError && error.code === 'volume-busy') return undefined;
      throw error;
    }
  }

  /** Whether a process of this host has a device of the image open. */
  async isRead(image: string): Promise<boolean> {
    for (let left = LOOKS; left > 0; left -= 1) {
      const lock = await this.tryHold({ signal: NEVER }, [readersClaim(image, 'exclusive')]);
      await lock?.release();
      if (lock !== undefined) return false;
      // Somebody else who looks at this moment holds it too, for no time.
      await sleep(LOOK_PAUSE_MS);
    }
    return true;
  }

  #lockName({ name, mode = 'exclusive' }: LockClaim): LockName {
    return { directory: this.#directory, name: fileNameOf(name), mode };
  }
}

/** An image, whether it is deleted or not. */
export function imageClaim(image: string, mode: LockName['mode'] = 'exclusive'): LockClaim {
  return { name: livingName(image), mode };
}

export function snapshotClaim(
  image: string,
  snapshot: string,
  mode: LockName['mode'] = 'exclusive',
): LockClaim {
  return { name: `${livingName(image)}@${snapshot}`, mode };
}

/** An image's place in the tree of clones: whether it is deleted, and what it keeps for its clones. */
export function treeClaim(image: string): LockClaim {
  return { name: `tree.${livingName(image)}` };
}

/** The flattening of an image, which goes on beside other operations on it. */
export function flattenClaim(image: string): LockClaim {
  return { name: `flatten.${livingName(image)}` };
}

/**
 * Who has a device of an image open. Ceph does not tell an open snapshot that its image was made independent: it goes on
 * to read from the parent, and finds zeroes where that is gone. So the parent is kept until nobody reads.
 */
export function readersClaim(image: string, mode: LockName['mode']): LockClaim {
  return { name: `readers.${livingName(image)}`, mode };
}

/** Images that others have made may have names that no file can have. */
function fileNameOf(name: string): string {
  if (/^\w[\w.@-]{0,199}$/.test(name)) return name;
  return `other-${createHash('sha256').update(name).digest('hex')}`;
}

function lockProblem(error: unknown, claims: readonly LockClaim[]): unknown {
  if (!(error instanceof LockError) || error.code === 'lock-failed') return error;
  const names = claims.map(({ name }) => name).join(' and ');
  const isBusy = error.code === 'lock-timeout';
  return new DriverError({
    code: isBusy ? 'volume-busy' : 'cancelled',
    message: isBusy
      ? `another operation holds ${names}; try again when it has ended`
      : `the operation on ${names} was cancelled while it waited for another one`,
    details: { heldBy: ['operation'] },
    cause: error,
  });
}
