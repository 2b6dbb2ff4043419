import type { BackendStats } from '@scoria/core';
import { within } from './within.js';

/** Asks a backend for its statistics, never twice at a time: a slow one is told of, and not asked again meanwhile. */
export class StatisticsWatch {
  #asking: Promise<BackendStats> | undefined;

  constructor(private readonly intervalMs: number) {}

  /** @throws DriverError `timeout` where they take longer than the interval, and as `stats` of the driver */
  async ask(
    signal: AbortSignal,
    stats: (signal: AbortSignal) => Promise<BackendStats>,
  ): Promise<BackendStats> {
    const seconds = String(this.intervalMs / 1000);
    const late = `the statistics take longer than ${seconds} s, the time from one to the next`;
    return within({ milliseconds: this.intervalMs, signal, late }, (given) => {
      this.#asking ??= stats(given).finally(() => (this.#asking = undefined));
      return this.#asking;
    });
  }
}
