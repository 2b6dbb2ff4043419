/** Time, as a port, so that tests need not wait. */
export interface Clock {
  /** Now, in milliseconds since 1970. */
  now(): number;
  /**
   * Waits. Rejects with the signal's reason as soon as it is aborted.
   * @param milliseconds how long
   */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}
export const Clock = Symbol.for('scoria.Clock');
