import { messageOf } from '@scoria/core';
import { statfs } from 'node:fs/promises';
import { NoAnswerError, OneAtATime } from './one-at-a-time.js';
import { PROBE_TIMEOUT_MS } from './share-probe.js';
import { noAnswerReason, unusableShare, type Share } from './share.js';

/** How large a share is, in bytes. */
export interface Capacity {
  readonly totalBytes: number;
  /** What a process without privileges can still write. */
  readonly freeBytes: number;
}

/** What the system says about a file system, in blocks of `bsize` bytes. */
export interface BlockCounts {
  readonly bsize: bigint;
  /** The unit of the counts where it is told apart from `bsize`, the size for good transfers. */
  readonly frsize?: bigint;
  readonly blocks: bigint;
  readonly bavail: bigint;
}

/**
 * Bytes of block counts, exact until the last step; what is beyond 2^53 (9 PB) is given as 2^53 - 1. Where the
 * system does not tell the unit apart, it is `bsize`: NFS and GlusterFS clients count in it.
 */
export function toCapacity({ bsize, frsize, blocks, bavail }: BlockCounts): Capacity {
  const unit = frsize ?? bsize;
  const free = bavail < 0n ? 0n : bavail > blocks ? blocks : bavail;
  return { totalBytes: toSafeNumber(blocks * unit), freeBytes: toSafeNumber(free * unit) };
}

function toSafeNumber(bytes: bigint): number {
  return Number(bytes > BigInt(Number.MAX_SAFE_INTEGER) ? BigInt(Number.MAX_SAFE_INTEGER) : bytes);
}

/** Asks file systems how full they are; each at most once at a time, since a dead one never answers. */
export class CapacityReader {
  readonly #gates = new Map<string, OneAtATime<BlockCounts>>();

  /** @param ask statfs(2) */
  constructor(
    private readonly ask: (path: string) => Promise<BlockCounts> = (path) => statfs(path, { bigint: true }),
  ) {}

  /**
   * The capacity of the share now.
   * @throws DriverError `unavailable` if its file system fails, or does not answer within `timeoutMs`
   */
  async read({ share, path }: Share, timeoutMs = PROBE_TIMEOUT_MS): Promise<Capacity> {
    const gate = this.#gates.get(path) ?? new OneAtATime<BlockCounts>();
    this.#gates.set(path, gate);
    try {
      return toCapacity(await gate.run(timeoutMs, () => this.ask(path)));
    } catch (error) {
      if (error instanceof NoAnswerError) throw unusableShare(share, noAnswerReason(error), error);
      throw unusableShare(share, `its free space cannot be found out: ${messageOf(error)}`, error);
    }
  }
}
