import { createContext, DriverOptions, Logger, messageOf } from '@scoria/core';
import { inject, injectable } from 'inversify';
import type { RbdOptions } from '../options.js';
import { Recovery } from './recovery.js';

/** Looks now and then for what is left to be done, until it is ended. */
@injectable()
export class Chores {
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  readonly #controller = new AbortController();

  constructor(
    @inject(Recovery) readonly recovery: Recovery,
    @inject(Logger) private readonly logger: Logger,
    @inject(DriverOptions) private readonly options: RbdOptions,
  ) {}

  begin(): void {
    const { deferred_deletion_purge_interval: seconds } = this.options;
    this.#timer ??= setInterval(() => {
      this.#round ??= this.round().finally(() => (this.#round = undefined));
    }, seconds * 1000).unref();
  }

  /** One look. What fails is tried again with the next one. */
  async round(): Promise<void> {
    const { signal } = this.#controller;
    try {
      await this.recovery.again(createContext({ requestId: 'chores', logger: this.logger, signal }));
    } catch (error) {
      if (!signal.aborted) this.logger.warn(`what is left to be done waits: ${messageOf(error)}`);
    }
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    this.#controller.abort();
    await this.#round;
  }
}
