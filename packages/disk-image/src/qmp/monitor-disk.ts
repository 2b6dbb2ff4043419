import { throwIfCancelled, type DiskFile, type GuestDisk, type OperationContext } from '@scoria/core';

import type { BlockJobOptions } from './block-job.js';
import type { LiveChain, LiveCommit, LivePull } from './live-chain.js';

export interface MonitorDiskLimits {
  /** How long the switch to an overlay may take, and a flush; 600 s unless told. */
  readonly snapshotTimeoutMs: number;
  /** How long a commit or a pull may take; 7,200 s unless told. */
  readonly jobTimeoutMs: number;
  /** The most bytes a second that a job moves; no limit unless given. For tests. */
  readonly bytesPerSecond?: number;
}

export interface MonitorDiskOptions extends MonitorDiskLimits {
  /** What jobs are named after, so that one that a dead process has begun is found. */
  readonly snapshotId: string;
}

/** A volume as the guest behind a monitor has it. Closes the monitor when it is disposed of. */
export class MonitorDisk implements GuestDisk {
  constructor(
    private readonly monitor: AsyncDisposable,
    private readonly chain: LiveChain,
    private readonly options: MonitorDiskOptions,
  ) {}

  async hasOpen(file: string): Promise<boolean> {
    return this.chain.has(file);
  }

  async takeSnapshot(
    context: OperationContext,
    { active, overlay }: { active: DiskFile; overlay: string },
  ): Promise<void> {
    throwIfCancelled(context);
    await this.chain.takeSnapshot(active.path, overlay, this.options.snapshotTimeoutMs);
  }

  async commit(context: OperationContext, change: LiveCommit): Promise<void> {
    await this.chain.commit(`scoria-commit-${this.options.snapshotId}`, change, this.#job(context));
  }

  async pull(context: OperationContext, change: LivePull): Promise<void> {
    await this.chain.pull(`scoria-pull-${this.options.snapshotId}`, change, this.#job(context));
  }

  async flush(
    context: OperationContext,
    { active, scratch }: { active: string; scratch: string },
  ): Promise<void> {
    throwIfCancelled(context);
    await this.chain.flush(active, scratch, this.options.snapshotTimeoutMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.monitor[Symbol.asyncDispose]();
  }

  #job(context: OperationContext): BlockJobOptions {
    const { jobTimeoutMs: timeoutMs, bytesPerSecond } = this.options;
    return {
      signal: context.signal,
      progress: (progress) => context.progress(progress),
      timeoutMs,
      ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
    };
  }
}
