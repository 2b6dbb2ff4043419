/** What can be set about a pool of the simulated cluster. */
export interface PoolSettings {
  /** The most it may store; no limit unless told. */
  quotaBytes?: number | undefined;
  /** Refuses whatever needs room, with `no-space`. */
  isFull?: boolean;
  /** Whoever is among them may only read. */
  readonly readers?: ReadonlySet<string>;
}
