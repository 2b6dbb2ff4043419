/** Who has a token. */
export interface CheckedToken {
  /** The project it is for; without one it is for none in particular. */
  readonly projectId?: string;
  readonly roles: readonly string[];
}

/** Says whether a token that somebody has sent is a good one. */
export interface TokenCheck {
  /**
   * @returns `undefined` where it is not, or not any more
   * @throws DriverError `unavailable` where nobody can say, `cancelled`
   */
  check(token: string, signal?: AbortSignal): Promise<CheckedToken | undefined>;
}
