import type { RbdImage, RbdPool } from '@scoria/librbd';

/** The images that one operation works on: each is opened once, and closed before it goes, or at the end. */
export class OpenImages implements AsyncDisposable {
  readonly #open = new Map<string, Promise<RbdImage>>();

  constructor(private readonly pool: RbdPool) {}

  async get(name: string): Promise<RbdImage> {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const opening = this.pool.openImage(name);
    this.#open.set(name, opening);
    return opening;
  }

  /** Who has an image open watches it, and what is watched cannot be removed. */
  async close(name: string): Promise<void> {
    const opening = this.#open.get(name);
    this.#open.delete(name);
    const image = await opening?.catch(() => undefined);
    await image?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#open.keys()].map(async (name) => this.close(name)));
  }
}
