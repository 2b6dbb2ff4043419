import type { ImagePool, ImageState } from './image-state.js';
import type { PoolSettings } from './pool-settings.js';

export class PoolState implements ImagePool {
  /** By name; those in the trash are not among them. */
  readonly images = new Map<string, ImageState>();
  /** By id. */
  readonly trash = new Map<string, ImageState>();
  readonly objects = new Map<string, Map<string, Buffer>>();

  constructor(
    readonly name: string,
    readonly id: number,
    readonly settings: PoolSettings,
  ) {}

  /** Bytes of all images, snapshots' and trash included. */
  get storedBytes(): number {
    const counted = new Set<object>();
    let bytes = 0;
    for (const image of [...this.images.values(), ...this.trash.values()]) {
      for (const data of image.layers.flatMap(({ objects }) => [...objects.values()])) {
        if (counted.has(data)) continue;
        counted.add(data);
        bytes += data.stored;
      }
    }
    return bytes;
  }
}
