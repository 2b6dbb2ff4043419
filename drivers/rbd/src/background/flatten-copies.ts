import { Logger } from '@scoria/core';
import { isRbdError } from '@scoria/librbd';
import type { RbdPool } from '@scoria/librbd';
import { inject, injectable } from 'inversify';
import { BackgroundConnection } from '../cluster/background-connection.js';
import type { ProgressNote } from '../journal/flatten-progress.js';
import { FlattenProgresses } from '../journal/flatten-progress.js';

/** How often it is noted how far a copy is. */
const NOTE_MS = 1000;

/** Copies into clones what they have from their ancestors, on a connection that nothing else is on. */
@injectable()
export class FlattenCopies {
  constructor(
    @inject(BackgroundConnection) private readonly connection: BackgroundConnection,
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
      await this.connection.use(`flatten ${image}`, async (own) =>
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
    await using open = await pool.openImage(image);
    let told = 0;
    const onProgress = (done: number, total: number): void => {
      note.update(done, total);
      const percent = Math.floor((100 * done) / Math.max(1, total));
      if (percent < told + 10) return;
      told = percent;
      this.logger.info(`${image} is flattened: ${percent} %`, { image, done, total });
    };
    try {
      await open.flatten({ onProgress, signal });
    } catch (error) {
      if (!isRbdError(error, 'invalid')) throw error;
    }
  }
}
