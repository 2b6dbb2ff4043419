import { DriverError } from './errors.js';
import type { Logger } from './ports/logger.js';

/** How far an operation is. `done` and `total` are bytes unless the step's name says otherwise. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** What every driver method gets besides its objects. */
export interface OperationContext {
  readonly requestId: string;
  /** Carries the request id, the backend and the object. */
  readonly logger: Logger;
  /** Aborted when the caller gives up or the time limit is reached. */
  readonly signal: AbortSignal;
  /** Says how far the present step is; cheap, may be called often. */
  progress(progress: Progress): void;
  /**
   * Names the step that begins now. Called before each step that changes something: it is recorded with the
   * operation, it is where a cancelled operation stops (rejects with a `cancelled` DriverError), and where
   * tests kill the process. An operation that cannot be undone any more may go on to its end instead.
   */
  step(name: string): Promise<void>;
}

/** Raises `cancelled` if the operation's signal is aborted. */
export function throwIfCancelled(context: Pick<OperationContext, 'signal' | 'requestId'>): void {
  if (!context.signal.aborted) return;
  throw new DriverError({
    code: 'cancelled',
    message: `the operation ${context.requestId} was cancelled`,
    cause: context.signal.reason,
  });
}

export interface ContextOptions {
  readonly requestId: string;
  readonly logger: Logger;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  readonly onStep?: (name: string) => void | Promise<void>;
}

/** An {@link OperationContext} whose steps stop when the signal is aborted. */
export function createContext(options: ContextOptions): OperationContext {
  const signal = options.signal ?? new AbortController().signal;
  const { requestId, logger } = options;
  return {
    requestId,
    logger,
    signal,
    progress: (progress) => options.onProgress?.(progress),
    step: async (name) => {
      throwIfCancelled({ requestId, signal });
      await options.onStep?.(name);
    },
  };
}
