import { DriverOptions } from '@scoria/core';
import type { ImageEntry, RbdPool } from '@scoria/librbd';
import { inject, injectable } from 'inversify';
import type { RbdOptions } from '../options.js';

/** How many images are looked at at a time. */
const AT_A_TIME = 8;
/** After so many reports every image is looked at again: another process may have extended some. */
const REPORTS_KEPT = 30;

/**
 * What the images of the pool promise. Where nobody else makes images, each is opened once, and what this process
 * extends is known.
 */
@injectable()
export class ProvisionedBytes {
  #sizes = new Map<string, number>();
  #changed = new Set<string>();
  #reports = 0;

  constructor(@inject(DriverOptions) private readonly options: RbdOptions) {}

  async sum(pool: RbdPool): Promise<number> {
    const images = await pool.images();
    const isStale = !this.options.rbd_exclusive_cinder_pool || this.#reports >= REPORTS_KEPT;
    const known = isStale ? new Map<string, number>() : this.#sizes;
    this.#reports = isStale ? 0 : this.#reports + 1;
    const changed = this.#changed;
    this.#changed = new Set();
    const sizes = new Map<string, number>();
    const unknown: ImageEntry[] = [];
    for (const image of images) {
      const size = changed.has(image.name) ? undefined : known.get(image.id);
      if (size === undefined) unknown.push(image);
      else sizes.set(image.id, size);
    }
    const look = async (): Promise<void> => {
      for (let image = unknown.pop(); image !== undefined; image = unknown.pop()) {
        sizes.set(image.id, await sizeOf(pool, image));
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, look));
    this.#sizes = sizes;
    return [...sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  /** An image has another size now. */
  forget(image: string): void {
    this.#changed.add(image);
  }
}

/** One that cannot be read promises nothing that anybody could write. */
async function sizeOf(pool: RbdPool, { name }: ImageEntry): Promise<number> {
  try {
    return (await pool.head(name))?.sizeBytes ?? 0;
  } catch {
    return 0;
  }
}
