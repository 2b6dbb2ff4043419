import { Clock, DriverOptions } from '@scoria/core';
import type { OperationContext } from '@scoria/core';
import { isRbdError } from '@scoria/librbd';
import { inject, injectable } from 'inversify';
import type { RbdOptions } from '../options.js';

/** A client that has crashed is taken for one that watches, for some seconds. */
@injectable()
export class WatchedImages {
  constructor(
    @inject(DriverOptions) private readonly options: RbdOptions,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  /** Does what needs an image for itself, and tries again while it is in use, as often as the options say. */
  async whileWatched(context: OperationContext, work: () => Promise<void>): Promise<void> {
    const { rados_connection_retries: attempts, rados_connection_interval: seconds } = this.options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await work();
        return;
      } catch (error) {
        if (!isRbdError(error, 'busy') || attempt >= attempts) throw error;
        await this.clock.sleep(seconds * 1000, context.signal);
      }
    }
  }
}
