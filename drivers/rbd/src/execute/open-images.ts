import type { RbdImage, RbdPool } from '@scoria/librbd';

/** The images that one operation works on: each is opened once, and closed before it goes, or at the end. */
export class OpenImages implements AsyncDisposable {
  readonly #open = new Map<string, RbdImage>();

  constructor(private readonly pool: RbdPool) {}

  async get(name: string): Promise<RbdImage> {
    const open = this.#open.get(name);
    if (open !== undefined) return open;
    const image = await this.pool.openImage(name);
    this.#open.set(name, image);
    return image;
  }

  /** Who has an image open watches it, and what is watched cannot be removed. */
  async close(name: string): Promise<void> {
    const image = this.#open.get(name);
    this.#open.delete(name);
    await image?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [...this.#open.keys()]) await this.close(name);
  }
}
