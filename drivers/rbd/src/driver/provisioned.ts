import { DriverError, DriverOptions } from '@scoria/core';
import { isRbdError } from '@scoria/librbd';
import type { ImageEntry, RbdPool } from '@scoria/librbd';
import { inject, injectable } from 'inversify';
import type { RbdOptions } from '../options.js';

/** How many images are looked at at a time. */
const AT_A_TIME = 8;
/** After so many reports every image is looked at again: another process may have extended some. */
const REPORTS_KEPT = 30;
/** How long one image is waited for, in milliseconds: a report must not be slow. */
const PATIENCE_MS = 5000;

interface Known {
  readonly sizeBytes: number;
  /** It need not be looked at. */
  readonly isFresh: boolean;
}

/**
 * What the images of the pool promise. Where nobody else makes images, each is looked at once, and what this process
 * extends is known. Some may be where the cluster does not answer just now: they promise what they did before.
 */
@injectable()
export class ProvisionedBytes {
  /** By the ids of the images. */
  #known = new Map<string, Known>();
  #changed = new Set<string>();
  #reports = 0;

  constructor(@inject(DriverOptions) private readonly options: RbdOptions) {}

  /**
   * @throws DriverError `unavailable` where there is no answer about an image whose size was never known
   * @throws RbdError where the pool cannot be asked at all
   */
  async sum(pool: RbdPool): Promise<number> {
    const images = await pool.images();
    this.#keep(images);
    const unreadable = new Set<string>();
    await this.#look(pool, images, unreadable);
    const unknown = images.filter(({ id }) => !this.#known.has(id) && !unreadable.has(id));
    if (unknown.length > 0) throw noAnswer(pool, unknown);
    return images.reduce((sum, { id }) => sum + (this.#known.get(id)?.sizeBytes ?? 0), 0);
  }

  /** An image has another size now. */
  forget(image: string): void {
    this.#changed.add(image);
  }

  /** Forgets images that are gone, and how fresh it is what is known of the others. */
  #keep(images: readonly ImageEntry[]): void {
    const isStale = !this.options.rbd_exclusive_cinder_pool || this.#reports >= REPORTS_KEPT;
    this.#reports = isStale ? 0 : this.#reports + 1;
    const changed = this.#changed;
    this.#changed = new Set();
    const known = new Map<string, Known>();
    for (const { id, name } of images) {
      const { sizeBytes, isFresh } = this.#known.get(id) ?? {};
      if (sizeBytes === undefined) continue;
      known.set(id, { sizeBytes, isFresh: isFresh === true && !isStale && !changed.has(name) });
    }
    this.#known = known;
  }

  /** At those of which nothing fresh is known; as soon as one is not answered, at no more. */
  async #look(pool: RbdPool, images: readonly ImageEntry[], unreadable: Set<string>): Promise<void> {
    const isNew = ({ id }: ImageEntry): boolean => !this.#known.has(id);
    const old = images.filter(({ id }) => this.#known.get(id)?.isFresh === false);
    const left = [...old, ...images.filter(isNew)];
    const look = async (): Promise<void> => {
      // The last one first: nothing else is known of those that are new.
      for (let image = left.pop(); image !== undefined; image = left.pop()) {
        const isAnswered = await inTime(this.#isRead(pool, image, unreadable));
        if (!isAnswered) left.length = 0;
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, look));
  }

  /** @returns false where there was no answer */
  async #isRead(pool: RbdPool, { id, name }: ImageEntry, unreadable: Set<string>): Promise<boolean> {
    try {
      const head = await pool.head(name);
      if (head !== undefined) {
        this.#known.set(id, { sizeBytes: head.sizeBytes, isFresh: true });
        return true;
      }
      this.#known.delete(id);
    } catch (error) {
      if (isRbdError(error, 'disconnected', 'closed')) throw error;
      if (isRbdError(error, 'timed-out')) return false;
    }
    // It promises nothing that anybody could write.
    unreadable.add(id);
    return true;
  }
}

async function inTime(answer: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PATIENCE_MS);
  });
  try {
    return await Promise.race([answer, silence]);
  } finally {
    clearTimeout(timer);
  }
}

function noAnswer(pool: RbdPool, unknown: readonly ImageEntry[]): DriverError {
  const count = unknown.length;
  return new DriverError({
    code: 'unavailable',
    message: `what pool ${pool.name} has promised is not known: no answer about ${count} of its images`,
    details: { pool: pool.name, images: unknown.slice(0, 10).map(({ name }) => name) },
  });
}
