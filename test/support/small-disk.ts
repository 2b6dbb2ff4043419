import { execFile } from 'node:child_process';
import { mkdtemp, open, rm, rmdir, statfs } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** A file system of its own in memory, small enough to be filled. Needs root. */
export class SmallDisk implements AsyncDisposable {
  readonly #ballast: string;

  private constructor(readonly path: string) {
    this.#ballast = path + '/ballast';
  }

  static async mount(sizeBytes: number): Promise<SmallDisk> {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'scoria-small-disk-'));
    try {
      await execute('mount', ['-t', 'tmpfs', '-o', `size=${String(sizeBytes)}`, 'tmpfs', directory]);
    } catch (error) {
      await rmdir(directory);
      throw error;
    }
    return new SmallDisk(directory);
  }

  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.path);
    return bavail * bsize;
  }

  /** Takes up room until only so much is left. */
  async fill(leave: number): Promise<void> {
    await this.empty();
    const take = (await this.freeBytes()) - leave;
    await using file = await open(this.#ballast, 'wx');
    await file.writeFile(Buffer.alloc(Math.max(0, take), 1));
  }

  async empty(): Promise<void> {
    await rm(this.#ballast, { force: true });
  }

  async remount(how: 'ro' | 'rw'): Promise<void> {
    await execute('mount', ['-o', `remount,${how}`, this.path]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await execute('umount', ['--lazy', this.path]);
    await rmdir(this.path);
  }
}
