import type { Flattening } from '@scoria/core';
import type { RbdPool } from '@scoria/librbd';
import { inject, injectable } from 'inversify';
import { FlattenProgresses } from '../journal/flatten-progress.js';
import { Journal } from '../journal/journal.js';

/** What is queued to be flattened, by the journal, and how far it is; of every process on every host. */
@injectable()
export class FlattenStates {
  constructor(
    @inject(Journal) private readonly journal: Journal,
    @inject(FlattenProgresses) private readonly progresses: FlattenProgresses,
  ) {}

  /** What was told of flattenings that are not to be done any more goes. */
  async forgetTheDead(pool: RbdPool): Promise<void> {
    const told = await this.progresses.images(pool);
    if (told.length === 0) return;
    // Read afterwards: whoever begins is in the journal before anything is told.
    const queued = new Set((await this.journal.entries(pool)).map(({ key }) => key));
    await this.progresses.forget(
      pool,
      told.filter((image) => !queued.has(image)),
    );
  }

  /** By the name of the image. One that nobody tells of waits: for its turn, for readers, or for its process. */
  async read(pool: RbdPool): Promise<ReadonlyMap<string, Flattening>> {
    const entries = (await this.journal.entries(pool)).filter(
      ({ intent }) => intent.kind === 'flatten' && intent.isCancelled !== true,
    );
    if (entries.length === 0) return new Map();
    const told = await this.progresses.read(pool);
    return new Map(
      entries.map(({ key }) => {
        const percent = told.get(key)?.percent;
        return [key, percent === undefined ? { state: 'waiting' } : { state: 'running', percent }];
      }),
    );
  }
}
