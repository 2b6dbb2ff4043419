import { Clock, Logger, messageOf } from '@scoria/core';
import type { RbdPool } from '@scoria/librbd';
import { inject, injectable } from 'inversify';

/** The RADOS object in the pool that tells how far flattenings are, for people: nothing depends on it. */
export const PROGRESS_OBJECT = 'scoria_progress';

/** It is written once more, so that who looks knows that somebody is at it. */
const SIGN_MS = 20_000;
/** Whoever gave no sign for as long is dead. */
const SILENCE_MS = 60_000;

/** How far somebody is with flattening an image. */
export interface FlattenProgress {
  readonly percent: number;
  readonly at: number;
}

/** What is told of the flattening of one image, until it ends. */
export interface ProgressNote {
  update(done: number, total: number): void;
  /** Writes it down, where there is something new to tell. Never fails; call it now and then. */
  tell(): void;
  /** Tells nothing any more. Never fails. */
  end(): Promise<void>;
}

/** How far flattenings are, of all processes on all hosts. */
@injectable()
export class FlattenProgresses {
  constructor(
    @inject(Clock) private readonly clock: Clock,
    @inject(Logger) private readonly logger: Logger,
  ) {}

  /** What is noted, without what the dead have left. */
  async read(pool: RbdPool): Promise<ReadonlyMap<string, FlattenProgress>> {
    const found = new Map<string, FlattenProgress>();
    for (const [image, value] of await pool.keys(PROGRESS_OBJECT)) {
      const progress = decode(value);
      if (progress !== undefined && this.clock.now() - progress.at < SILENCE_MS) found.set(image, progress);
    }
    return found;
  }

  /** Those that something is noted of, also by the dead. */
  async images(pool: RbdPool): Promise<string[]> {
    return [...(await pool.keys(PROGRESS_OBJECT)).keys()];
  }

  async forget(pool: RbdPool, images: readonly string[]): Promise<void> {
    if (images.length > 0) await pool.removeKeys(PROGRESS_OBJECT, images);
  }

  /** Begins to tell of an image. */
  note(pool: RbdPool, image: string): ProgressNote {
    let percent = 0;
    let told: FlattenProgress | undefined;
    let writing: Promise<void> | undefined;
    const attempt = async (work: () => Promise<void>): Promise<void> =>
      work().catch((error: unknown) => {
        this.logger.debug(`how far ${image} is flattened is not told: ${messageOf(error)}`);
      });
    return {
      update: (done, total) => {
        percent = Math.min(100, Math.floor((100 * done) / Math.max(1, total)));
      },
      tell: () => {
        const at = this.clock.now();
        const isNew = told?.percent !== percent || at - told.at >= SIGN_MS;
        if (writing !== undefined || !isNew) return;
        told = { percent, at };
        const value = Buffer.from(JSON.stringify(told));
        writing = attempt(() => pool.setKeys(PROGRESS_OBJECT, new Map([[image, value]]))).finally(
          () => (writing = undefined),
        );
      },
      end: async () => {
        await writing;
        if (told !== undefined) await attempt(() => this.forget(pool, [image]));
      },
    };
  }
}

function decode(value: Buffer): FlattenProgress | undefined {
  try {
    const { percent, at } = JSON.parse(value.toString('utf8')) as Partial<FlattenProgress>;
    return typeof percent === 'number' && typeof at === 'number' ? { percent, at } : undefined;
  } catch {
    return undefined; // none of ours
  }
}
