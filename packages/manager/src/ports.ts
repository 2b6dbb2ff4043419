import { Clock, Logger } from '@scoria/core';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { ManagerEvents } from './events.js';

/** What nearly everything in the manager needs. */
@injectable()
export class Ports {
  constructor(
    @inject(Store) readonly store: Store,
    @inject(Clock) readonly clock: Clock,
    @inject(Logger) readonly logger: Logger,
    @inject(ManagerEvents) readonly events: ManagerEvents,
  ) {}

  /** The present time as records have it. */
  get now(): string {
    return new Date(this.clock.now()).toISOString();
  }
}
