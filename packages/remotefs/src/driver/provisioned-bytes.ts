import { readVirtualSize } from '@scoria/disk-image';
import { Clock } from '@scoria/core';
import { inject, injectable } from 'inversify';
import { readdir } from 'node:fs/promises';
import type { Share } from '../shares/share.js';
import type { ShareTools } from './file-volumes.js';
import { FileVolumes } from './file-volumes.js';

interface Counted {
  bytes: number;
  readonly at: number;
}

/** How old a count may be for placement, which many operations ask for; statistics count anew. */
const TRUST_MS = 60_000;
const FILES_AT_ONCE = 16;

/** What the volumes on each share promise. */
@injectable()
export class ProvisionedBytes {
  readonly #counts = new Map<string, Counted>();

  constructor(
    @inject(FileVolumes) private readonly volumes: FileVolumes,
    @inject(Clock) private readonly clock: Clock,
  ) {}

  /** Counted within the last minute, and what was added here since. */
  async recent(share: Share): Promise<number> {
    const known = this.#counts.get(share.path);
    if (known !== undefined && this.clock.now() - known.at < TRUST_MS) return known.bytes;
    return this.count(share);
  }

  /** Counted now, by looking at every volume on the share. */
  async count(share: Share): Promise<number> {
    const tools = this.volumes.toolsFor(share);
    const ids = new Set((await readdir(share.path)).map((file) => this.volumes.names.volumeAt(file)));
    const queue = [...ids].filter((id) => id !== undefined);
    let bytes = 0;
    const worker = async (): Promise<void> => {
      for (let id = queue.pop(); id !== undefined; id = queue.pop()) bytes += await this.#sizeOf(tools, id);
    };
    await Promise.all(Array.from({ length: FILES_AT_ONCE }, worker));
    this.#counts.set(share.path, { bytes, at: this.clock.now() });
    return bytes;
  }

  /** A volume was made or grew. */
  add(share: Share, bytes: number): void {
    const known = this.#counts.get(share.path);
    if (known !== undefined) known.bytes += bytes;
  }

  /** One that cannot be read counts nothing: statistics do not fail for it. */
  async #sizeOf({ reader, directory }: ShareTools, volumeId: string): Promise<number> {
    const { names, policy } = this.volumes;
    try {
      const info = await reader.readInfo(volumeId);
      const file = info?.active ?? names.volumeFile(volumeId);
      const format = file === names.volumeFile(volumeId) ? policy.format : 'qcow2';
      const path = directory.file(file);
      return await readVirtualSize({ path, format }).catch(() => readVirtualSize({ path, format: 'raw' }));
    } catch {
      return 0;
    }
  }
}
