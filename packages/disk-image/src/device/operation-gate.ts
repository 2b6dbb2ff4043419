import { DriverError } from '@scoria/core';

/**
 * Lets operations through until the device is closed, which waits for those under way: a file descriptor that
 * was closed too early may be another file's by then.
 */
export class OperationGate {
  readonly #running = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  /** @param what names the device in errors */
  constructor(readonly what: string) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) {
      throw new DriverError({ code: 'invalid-state', message: `${this.what} is closed` });
    }
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Refuses what comes from now on; runs `last` once, after everything under way has ended. */
  async close(last: () => Promise<void>): Promise<void> {
    this.#closing ??= Promise.allSettled(this.#running).then(last);
    await this.#closing;
  }
}
