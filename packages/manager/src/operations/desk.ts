import { Clock } from '@scoria/core';
import { Store } from '@scoria/store';
import { inject, injectable } from 'inversify';
import { Submission } from './submission.js';
import { VolumeChecks } from './volume-checks.js';

/** What every service needs that turns requests into operations. */
@injectable()
export class Desk {
  constructor(
    @inject(Store) readonly store: Store,
    @inject(Submission) readonly submission: Submission,
    @inject(VolumeChecks) readonly checks: VolumeChecks,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  /** Now, or so many milliseconds before, as records have it. */
  timestamp(msBefore = 0): string {
    return new Date(this.clock.now() - msBefore).toISOString();
  }
}
