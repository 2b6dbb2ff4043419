import { DriverOptions } from '@scoria/core';
import { inject, injectable } from 'inversify';
import { FlattenQueue } from '../background/flatten-queue.js';
import { FlattenStates } from '../background/flatten-states.js';
import { RbdConnection } from '../cluster/rbd-connection.js';
import { ParentRelease } from '../execute/parent-release.js';
import type { StepHelpers } from '../execute/step-helpers.js';
import type { Journal } from '../journal/journal.js';
import type { RbdOptions } from '../options.js';
import { chunkOrderOf } from '../options.js';
import type { VolumeLocks } from './volume-locks.js';

/** What operations on volumes work with. */
@injectable()
export class RbdTools {
  /** log2 of the size of an object of a volume. */
  readonly order: number;
  readonly helpers: StepHelpers;
  readonly locks: VolumeLocks;
  readonly journal: Journal;

  constructor(
    @inject(DriverOptions) readonly options: RbdOptions,
    @inject(RbdConnection) readonly connection: RbdConnection,
    @inject(ParentRelease) readonly parents: ParentRelease,
    @inject(FlattenQueue) readonly flattens: FlattenQueue,
    @inject(FlattenStates) readonly flattenStates: FlattenStates,
  ) {
    this.order = chunkOrderOf(options);
    this.locks = parents.locks;
    this.journal = parents.journal;
    this.helpers = {
      ...parents.helpers,
      queueFlatten: (pool, image) => flattens.queue(pool, image),
    };
  }
}
