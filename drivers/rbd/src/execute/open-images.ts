import type { RbdImage, RbdPool } from '@scoria/librbd';

/** The images that one operation works on: each is opened once, and closed before it goes, or at the end. */
export class OpenImages implements AsyncDisposable {
  readonly #open = new Map<string, Promise<RbdImage>>();
  readonly #closing: Promise<void>[] = [];

  constructor(private readonly pool: RbdPool) {}

  /** Begins to open an image that is going to be asked for; who asks for it hears what is wrong with it. */
  ahead(name: string): void {
    this.#opening(name).catch(() => undefined);
  }

  async get(name: string): Promise<RbdImage> {
    return this.#opening(name);
  }

  /** Who has an image open watches it, and what is watched cannot be removed. */
  async close(name: string): Promise<void> {
    const opening = this.#open.get(name);
    this.#open.delete(name);
    const image = await opening?.catch(() => undefined);
    await image?.close();
  }

  /** Begins to close an image that is not likely to be asked for again; it is closed at the end at the latest. */
  closeSoon(name: string): void {
    this.#closing.push(this.close(name).catch(() => undefined));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...[...this.#open.keys()].map(async (name) => this.close(name)), ...this.#closing]);
  }

  async #opening(name: string): Promise<RbdImage> {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const opening = this.pool.openImage(name);
    this.#open.set(name, opening);
    return opening;
  }
}
