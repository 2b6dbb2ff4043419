import { type Lock, LockError, type LockManager, type LockName, type LockOptions } from '@scoria/core';
import { inject, injectable } from 'inversify';
import { HostOptions } from '../host-options.js';
import { HeldLocks } from './held-locks.js';
import { describeHolder } from './lock-holder.js';
import { type PlannedLock, planLocks } from './lock-plan.js';
import { LockQueue } from './lock-queue.js';

/** Long enough for the copy of a big volume that another operation may be in the middle of. */
const DEFAULT_TIMEOUT_MS = 30 * 60 * 1000;

/**
 * Locks on flock(2): they hold between processes, and on shares whose file system carries flock between
 * hosts; the kernel frees them when their holder dies. Programs that the holder had started keep them
 * until they end (see {@link HeldLocks}). Not reentrant: who asks again for what it holds waits for itself.
 */
@injectable()
export class FileLockManager implements LockManager {
  readonly #options: HostOptions;
  readonly #heldLocks: HeldLocks;
  readonly #queues = new Map<string, LockQueue>();

  constructor(@inject(HostOptions) options: HostOptions, @inject(HeldLocks) heldLocks: HeldLocks) {
    this.#options = options;
    this.#heldLocks = heldLocks;
  }

  async acquire(names: readonly LockName[], options: LockOptions = {}): Promise<Lock> {
    const planned = planLocks(names);
    const timeoutMs = options.timeoutMs ?? this.#options.lockTimeoutMs ?? DEFAULT_TIMEOUT_MS;
    const deadline = performance.now() + timeoutMs;
    const taken: LockQueue[] = [];
    try {
      for (const lock of planned) {
        const leftMs = timeoutMs === 0 ? 0 : Math.max(1, deadline - performance.now());
        taken.push(await this.#take(lock, leftMs, options.signal));
      }
    } catch (error) {
      await leaveAll(taken);
      throw error;
    }
    return heldUntilReleased(taken);
  }

  async #take(lock: PlannedLock, timeoutMs: number, signal: AbortSignal | undefined): Promise<LockQueue> {
    const queue = this.#queueOf(lock);
    try {
      await queue.enter(lock.mode, { timeoutMs, signal });
      return queue;
    } catch (error) {
      throw error instanceof LockError && error.code === 'lock-timeout' ? await named(error, lock) : error;
    }
  }

  #queueOf(lock: PlannedLock): LockQueue {
    const existing = this.#queues.get(lock.path);
    if (existing !== undefined) return existing;
    const created = new LockQueue(lock, this.#heldLocks, () => this.#queues.delete(lock.path));
    this.#queues.set(lock.path, created);
    return created;
  }
}

/** Adds who holds the lock, which is what a person asks first. */
async function named(error: LockError, { path }: PlannedLock): Promise<LockError> {
  const heldBy = await describeHolder(path);
  if (heldBy === undefined) return error;
  const { code, details } = error;
  return new LockError({
    code,
    message: `${error.message}; held by ${heldBy}`,
    details: { ...details, heldBy },
  });
}

function heldUntilReleased(taken: readonly LockQueue[]): Lock {
  let released: Promise<void> | undefined;
  const release = () => (released ??= leaveAll(taken));
  return { release, [Symbol.asyncDispose]: release };
}

async function leaveAll(taken: readonly LockQueue[]): Promise<void> {
  for (const queue of taken.toReversed()) await queue.leave();
}
