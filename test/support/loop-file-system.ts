import { execFile } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A file system of its own in a sparse file, mounted over a loop device. Needs root. */
export class LoopFileSystem implements AsyncDisposable {
  private constructor(
    private readonly base: string,
    readonly directory: string,
  ) {}

  static async make(type: 'xfs' | 'btrfs', sizeBytes: number): Promise<LoopFileSystem> {
    const base = await mkdtemp(path.join(tmpdir(), `scoria-${type}-`));
    const image = path.join(base, 'image');
    const directory = path.join(base, 'mnt');
    try {
      await using file = await open(image, 'w');
      await file.truncate(sizeBytes);
      await run(`mkfs.${type}`, ['-q', image], { timeout: 60_000 });
      await run('mkdir', [directory]);
      await run('mount', ['-o', 'loop', image, directory], { timeout: 60_000 });
      return new LoopFileSystem(base, directory);
    } catch (error) {
      await rm(base, { recursive: true, force: true });
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run('umount', [this.directory], { timeout: 60_000 });
    await rm(this.base, { recursive: true, force: true });
  }
}
