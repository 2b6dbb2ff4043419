import { MIB } from '@scoria/core';
import { lstat, mkdtemp, open, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { LocalBackend } from '../support/local-backend.js';
import { digestOf } from './byte-model.js';
import { CinderShare } from './cinder-share.js';

const SHARE = 'localhost:/srv/interop';

/** One share that Cinder's driver and ours serve at the same time. */
export class InteropShare implements AsyncDisposable {
  private constructor(
    readonly base: string,
    readonly cinder: CinderShare,
    readonly local: LocalBackend,
  ) {}

  /** @param format what our side makes new volumes of */
  static async start(format: 'raw' | 'qcow2' = 'raw'): Promise<InteropShare> {
    const base = await realpath(await mkdtemp(path.join(tmpdir(), 'scoria-interop-')));
    const cinder = await CinderShare.start({ base, share: SHARE, unlimited: true });
    const local = await LocalBackend.start(cinder.directory, { options: { local_volume_format: format } });
    return new InteropShare(base, cinder, local);
  }

  /** What Cinder and the shares of our mounted drivers call it. */
  get name(): string {
    return SHARE;
  }

  get directory(): string {
    return this.cinder.directory;
  }

  /** Our driver a second time, on the same directory, with another format for new volumes. */
  async another(format: 'raw' | 'qcow2'): Promise<LocalBackend> {
    return LocalBackend.start(this.directory, { options: { local_volume_format: format } });
  }

  /** Every file but what is hidden: whatever is done to one of them shows here. */
  async listing(): Promise<Record<string, string>> {
    const listing: Record<string, string> = {};
    for (const name of (await readdir(this.directory)).sort()) {
      if (name.startsWith('.')) continue;
      listing[name] = await traceOf(path.join(this.directory, name));
    }
    return listing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.local[Symbol.asyncDispose]();
    await this.cinder[Symbol.asyncDispose]();
    await rm(this.base, { recursive: true });
  }
}

/** Any write moves the time of change. */
async function traceOf(file: string): Promise<string> {
  const { ino, mode, size, ctimeNs } = await lstat(file, { bigint: true });
  await using handle = await open(file, 'r');
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(4 * MIB), 0, 4 * MIB, 0);
  return [ino, mode, size, ctimeNs, digestOf(buffer.subarray(0, bytesRead))].join(' ');
}
