import type { RbdCluster, RbdPool } from '@scoria/librbd';

/** A connection with the pool of the volumes. */
export interface Connected {
  readonly cluster: RbdCluster;
  readonly pool: RbdPool;
}

/** A connection that may be given up while somebody uses it. */
export class UsedConnection {
  #uses = 0;
  #isBroken = false;
  #isIdle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  /** @param madeAt in milliseconds since 1970 */
  constructor(
    private readonly connecting: Promise<Connected>,
    readonly madeAt: number,
  ) {}

  /** It could not be made. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  async use<T>(body: (connected: Connected) => Promise<T>): Promise<T> {
    this.#uses += 1;
    try {
      return await body(await this.#made());
    } finally {
      this.#uses -= 1;
      if (this.#uses === 0) this.#isIdle?.();
    }
  }

  /** Closes it when the last use has ended, and every image is closed that one has left open. Nobody begins another. */
  async closeWhenUnused(): Promise<void> {
    this.#closing ??= this.#closeWhenUnused();
    await this.#closing;
  }

  /** Closes it now, with all that is open of it. Never fails, and waits for calls under way for their time at most. */
  async close(): Promise<void> {
    try {
      const { cluster } = await this.connecting;
      await cluster.close();
    } catch {
      // A connection that was never made, or is gone, has nothing to close.
    }
  }

  async #made(): Promise<Connected> {
    try {
      return await this.connecting;
    } catch (error) {
      this.#isBroken = true;
      throw error;
    }
  }

  async #closeWhenUnused(): Promise<void> {
    if (this.#uses > 0) await new Promise<void>((resolve) => (this.#isIdle = resolve));
    await this.connecting.then(
      async ({ pool }) => pool.closeWhenUnused(),
      () => undefined,
    );
    await this.close();
  }
}
