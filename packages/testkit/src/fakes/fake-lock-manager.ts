import type { Lock, LockManager, LockName, LockOptions } from '@scoria/core';
import { LockError } from '@scoria/core';
import path from 'node:path';
import { deferred } from '../deferred.js';

type Mode = NonNullable<LockName['mode']>;
type Wanted = ReadonlyMap<string, Mode>;

interface Holding {
  readonly process: string;
  readonly wanted: Wanted;
}

interface Waiter extends Holding {
  grant(): void;
}

/** Longer than any test waits on purpose: who waits this long waits for itself, or for what was never released. */
const DEADLOCK_MS = 10_000;

/**
 * A {@link LockManager} in memory. Every process of a test has its own view of it ({@link process}); killing one
 * drops its locks as the kernel would, without its code running any further.
 */
export class FakeLockManager implements LockManager {
  readonly #held = new Set<Holding>();
  readonly #waiting = new Set<Waiter>();
  readonly #dead = new Set<string>();

  /** The locks that are held, as absolute paths, sorted. */
  get heldNames(): string[] {
    return [...this.#held].flatMap(({ wanted }) => [...wanted.keys()]).sort();
  }

  /** The lock manager as the process `name` has it. */
  process(name: string): LockManager {
    return { acquire: (names, options) => this.#acquire(name, names, options) };
  }

  async acquire(names: readonly LockName[], options?: LockOptions): Promise<Lock> {
    return this.#acquire('', names, options);
  }

  /** Ends a process, or all there are: its locks are free, and its calls never return. */
  killHolders(process?: string): void {
    const isKilled = (holding: Holding): boolean => process === undefined || holding.process === process;
    for (const holding of [...this.#held, ...this.#waiting].filter(isKilled)) {
      this.#held.delete(holding);
      this.#waiting.delete(holding as Waiter);
      if (holding.process !== '') this.#dead.add(holding.process);
    }
    if (process !== undefined) this.#dead.add(process);
    this.#grantWaiting();
  }

  async #acquire(process: string, names: readonly LockName[], options: LockOptions = {}): Promise<Lock> {
    const wanted = wantedOf(names);
    if (options.signal?.aborted === true) throw cancelled(wanted, options.signal);
    const holding = await this.#wait({ process, wanted }, options);
    const release = async (): Promise<void> => {
      this.#held.delete(holding);
      this.#grantWaiting();
      return Promise.resolve();
    };
    return { release, [Symbol.asyncDispose]: release };
  }

  async #wait({ process, wanted }: Holding, { signal, timeoutMs }: LockOptions): Promise<Holding> {
    if (this.#dead.has(process)) return new Promise<never>(() => {});
    const { promise, resolve, reject } = deferred<Holding>();
    const waiter: Waiter = {
      process,
      wanted,
      grant: () => {
        resolve(waiter);
      },
    };
    // Who was granted, or killed, waits no more; nothing wakes a killed process' code.
    const giveUp = (error: () => LockError): void => {
      if (!this.#waiting.delete(waiter)) return;
      reject(error());
      this.#grantWaiting();
    };
    const onAbort = (): void => {
      giveUp(() => cancelled(wanted, signal));
    };
    const onTimeout = (): void => {
      giveUp(() => this.#timedOut(waiter, timeoutMs));
    };
    this.#waiting.add(waiter);
    this.#grantWaiting();
    if (timeoutMs === 0) onTimeout();
    const timer = setTimeout(onTimeout, timeoutMs ?? DEADLOCK_MS);
    timer.unref();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** First come, first served, except that nobody waits behind one who wants other locks. */
  #grantWaiting(): void {
    const before: Holding[] = [...this.#held];
    for (const waiter of this.#waiting) {
      const mustWait = before.some((other) => conflict(other.wanted, waiter.wanted));
      before.push(waiter);
      if (mustWait) continue;
      this.#waiting.delete(waiter);
      this.#held.add(waiter);
      waiter.grant();
    }
  }

  #timedOut(waiter: Waiter, timeoutMs = DEADLOCK_MS): LockError {
    const names = [...waiter.wanted.keys()];
    return new LockError({
      code: 'lock-timeout',
      message:
        `${names.join(', ')} could not be locked within ${String(timeoutMs)} ms; ` +
        `held are: ${this.heldNames.join(', ')}`,
      details: { name: names.join(', '), held: this.heldNames },
    });
  }
}

function wantedOf(names: readonly LockName[]): Wanted {
  const wanted = new Map<string, Mode>();
  for (const { directory, name, mode = 'exclusive' } of names) {
    if (!path.isAbsolute(directory) || name !== path.basename(name) || ['', '.', '..'].includes(name)) {
      throw new LockError({
        code: 'lock-failed',
        message: `a lock is a plain name in an absolute directory, not ${name} in ${directory}`,
        details: { name },
      });
    }
    const key = path.join(directory, name);
    wanted.set(key, wanted.get(key) === 'exclusive' ? 'exclusive' : mode);
  }
  return new Map([...wanted].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function conflict(a: Wanted, b: Wanted): boolean {
  return [...a].some(([name, mode]) => b.has(name) && (mode === 'exclusive' || b.get(name) === 'exclusive'));
}

function cancelled(wanted: Wanted, signal: AbortSignal | undefined): LockError {
  const names = [...wanted.keys()].join(', ');
  return new LockError({
    code: 'lock-cancelled',
    message: `the wait for ${names} was cancelled`,
    details: { name: names },
    cause: signal?.reason,
  });
}
