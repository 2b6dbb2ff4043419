import { Logger } from '@scoria/core';
import { isRbdError } from '@scoria/librbd';
import type { RbdPool } from '@scoria/librbd';
import { inject, injectable } from 'inversify';
import { BackgroundConnection } from '../cluster/background-connection.js';
import type { ProgressNote } from '../journal/flatten-progress.js';
import { FlattenProgresses } from '../journal/flatten-progress.js';
import { Courtesy } from './courtesy.js';

/** How often it is noted how far a copy is. */
const NOTE_MS = 1000;

/**
 * Copies into clones what they have from their ancestors, on a connection that nothing else is on, while users wait for
 * nothing.
 */
@injectable()
export class FlattenCopies {
  constructor(
    @inject(BackgroundConnection) private readonly connection: BackgroundConnection,
    @inject(Courtesy) private readonly courtesy: Courtesy,
    @inject(FlattenProgresses) private readonly progresses: FlattenProgresses,
    @inject(Logger) private readonly logger: Logger,
  ) {}

  /**
   * One image. One that has no parent any more is done.
   * @param pool where it is noted how far it is
   * @throws DriverError `cancelled`
   */
  async copy(pool: RbdPool, image: string, signal: AbortSignal): Promise<void> {
    const note = this.progresses.note(pool, image);
    note.tell();
    const telling = setInterval(() => note.tell(), NOTE_MS).unref();
    try {
      await this.connection.useInBackground(`flatten ${image}`, async (own) =>
        this.#flatten(own.pool, image, signal, note),
      );
    } finally {
      clearInterval(telling);
      await note.end();
    }
  }

  async end(): Promise<void> {
    await this.connection.close();
  }

  async #flatten(pool: RbdPool, image: string, signal: AbortSignal, note: ProgressNote): Promise<void> {
    let furthest = 0;
    let told = 0;
    const tell = (done: number, total: number): void => {
      // After it gave way it begins with looking what is there.
      if (done < furthest) return;
      furthest = done;
      note.update(done, total);
      const percent = Math.floor((100 * done) / Math.max(1, total));
      if (percent < told + 10) return;
      told = percent;
      this.logger.info(`${image} is flattened: ${percent} %`, { image, done, total });
    };
    try {
      await this.courtesy.copy(async (slice, reach) => {
        const onProgress = (done: number, total: number): void => {
          tell(done, total);
          reach(done);
        };
        // What waits for its turn has nothing open: it would keep its ancestors from being deleted.
        await using open = await pool.openImage(image);
        await open.flatten({ onProgress, signal: slice });
      }, signal);
    } catch (error) {
      if (!isRbdError(error, 'invalid')) throw error;
    }
  }
}
