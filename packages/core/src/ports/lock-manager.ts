/** What is locked: a name within a directory that everyone who may want it can see (a share, the state). */
export interface LockName {
  /** An absolute path; made when missing. */
  readonly directory: string;
  /** A plain file name. */
  readonly name: string;
  /** Many may hold a shared lock at once; exclusive unless told. */
  readonly mode?: 'exclusive' | 'shared';
}

export interface LockOptions {
  /** Ends the wait. */
  readonly signal?: AbortSignal;
  /** How long to wait; the implementation's default unless told. 0 tries once. */
  readonly timeoutMs?: number;
}

/** Held until released. Releasing twice is fine. */
export interface Lock extends AsyncDisposable {
  release(): Promise<void>;
}

/**
 * Locks that hold between tasks, processes and hosts that share the directory, and die with their holder.
 * Errors are `LockError`: `lock-timeout`, `lock-cancelled`, `lock-failed`.
 */
export interface LockManager {
  /**
   * Takes all of `names`, in an order that is the same for everyone, so that two callers never wait for
   * each other; a name that is listed twice is taken once, exclusively if either asks for that.
   */
  acquire(names: readonly LockName[], options?: LockOptions): Promise<Lock>;
}
export const LockManager = Symbol.for('scoria.LockManager');
