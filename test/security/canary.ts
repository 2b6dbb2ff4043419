import { randomUUID } from 'node:crypto';
import { lstat, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { inspect } from 'node:util';

const CANARY_BYTES = 4096;

/** A file outside the share that no operation may read from, write to, or even touch. */
export class Canary {
  #before = '';

  private constructor(
    readonly path: string,
    readonly marker: string,
    private readonly content: Buffer,
  ) {}

  /** @param directory outside the share */
  static async create(directory: string): Promise<Canary> {
    const marker = `CANARY-${randomUUID().slice(0, 8)}`;
    const content = Buffer.alloc(CANARY_BYTES, `${marker} keep out `);
    const file = path.join(directory, 'canary');
    await writeFile(file, content, { mode: 0o600 });
    const canary = new Canary(file, marker, content);
    canary.#before = await canary.#trace();
    return canary;
  }

  /** Why it was touched, or whose output shows it; empty where all is well. */
  async problems(outputs: Readonly<Record<string, unknown>>): Promise<string[]> {
    const found = Object.entries(outputs)
      .filter(([, output]) => this.isIn(output))
      .map(([name]) => `the canary is in ${name}`);
    if ((await this.#trace()) !== this.#before) found.push('the canary was touched');
    if (!(await readFile(this.path)).equals(this.content)) found.push('the canary was overwritten');
    return found;
  }

  /** Any part of it long enough to be recognised, in bytes, texts, errors with their causes, or records. */
  isIn(output: unknown): boolean {
    if (output instanceof Uint8Array) return Buffer.from(output).includes(this.marker);
    return inspect(output, {
      depth: 20,
      maxStringLength: 1e6,
      maxArrayLength: 1e5,
      showHidden: true,
    }).includes(this.marker.slice(0, 6));
  }

  /** The files below a directory that have the canary's bytes. Links are not followed. */
  async filesWithIt(directory: string): Promise<string[]> {
    const found: string[] = [];
    for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
      const file = path.join(entry.parentPath, entry.name);
      if (entry.isFile() && (await readFile(file)).includes(this.marker)) found.push(file);
    }
    return found;
  }

  /** The time of the last reading is not part of it: the checks here read it. */
  async #trace(): Promise<string> {
    const { ino, mode, uid, gid, size, nlink, ctimeNs } = await lstat(this.path, { bigint: true });
    return [ino, mode, uid, gid, size, nlink, ctimeNs].join(' ');
  }
}
