import { DriverError, isDriverError, messageOf, type DiskFile } from '@scoria/core';
import path from 'node:path';

import { BlockGraph, type BlockNode } from './block-graph.js';
import { finishBlockJob, runBlockJob, type BlockJobOptions, type JobMonitor } from './block-job.js';
import { namingFormat } from './formatted-base.js';
import { nodeName } from './node-name.js';
import { openOverlay } from './overlay-node.js';

export interface LiveCommit {
  readonly active: string;
  readonly file: string;
  readonly base: DiskFile;
}

export interface LivePull {
  readonly active: string;
  readonly file: string;
  readonly base?: DiskFile;
}

/**
 * The chain of a disk that a running QEMU or qemu-storage-daemon has open, named by its files. Every change is made by
 * that process, while its guest reads and writes; nobody else may touch the files.
 * Names that are written into headers are plain: the files of a chain are in one directory.
 */
export class LiveChain {
  constructor(private readonly monitor: JobMonitor) {}

  /** Whether the process has the file open, itself or below another. */
  async has(file: string): Promise<boolean> {
    return (await this.#graph()).find(file) !== undefined;
  }

  /**
   * Has the guest write to `overlay` from now on, whose backing file is `active`. Durable when it resolves: what the
   * guest wrote before is below, what it writes later above. Repeating it is fine.
   * @throws DriverError `failed` where the process does not have `active` open, or refuses; nothing is changed then;
   *   `unavailable` where its answer does not come in time
   */
  async takeSnapshot(active: string, overlay: string, timeoutMs: number): Promise<void> {
    const graph = await this.#graph();
    const below = requireNode(graph, active);
    if (hasBelow(graph, overlay, active)) return;
    const name = nodeName(overlay);
    await this.#closeAll(overlay);
    await openOverlay(this.monitor, { name, file: overlay }, below);
    try {
      await this.monitor.execute('blockdev-snapshot', { node: below.name, overlay: name }, { timeoutMs });
    } catch (error) {
      if (!isDriverError(error, 'unavailable')) await this.#closeAll(overlay);
      throw error;
    }
  }

  /**
   * Writes what `file` holds into the file below it, and takes it out of the chain that ends in `active`; the file
   * itself stays, and is not open any more. `file` is not the active one. Repeating it is fine.
   * @param jobId see {@link runBlockJob}
   * @throws DriverError as {@link runBlockJob}
   */
  async commit(jobId: string, { active, file, base }: LiveCommit, options: BlockJobOptions): Promise<void> {
    const isFinished = await finishBlockJob(this.monitor, jobId, options);
    const graph = await this.#graph();
    if (!isFinished && isIn(graph, active, file)) {
      const args = {
        device: graph.top(requireNode(graph, active)).name,
        'top-node': requireNode(graph, file).name,
        ...(await this.#newBase('block-commit', base)),
      };
      await runBlockJob(this.monitor, { id: jobId, command: 'block-commit', args }, options);
    }
    await this.#verify(active, file);
  }

  /**
   * Copies what `file`, the backing file of `active`, holds into `active`, and takes it out of the chain; the file
   * itself stays, and is not open any more. What was below it, `base`, is the backing file then; without `base` there
   * was nothing, and the active file stands alone. Repeating it is fine.
   * @throws DriverError as {@link runBlockJob}
   */
  async pull(jobId: string, { active, file, base }: LivePull, options: BlockJobOptions): Promise<void> {
    const isFinished = await finishBlockJob(this.monitor, jobId, options);
    const graph = await this.#graph();
    if (!isFinished && isIn(graph, active, file)) {
      const args = {
        device: requireNode(graph, active).name,
        ...(base === undefined ? {} : await this.#newBase('block-stream', base)),
      };
      await runBlockJob(this.monitor, { id: jobId, command: 'block-stream', args }, options);
    }
    await this.#verify(active, file);
  }

  /**
   * Has the process write to its disk all that it keeps in memory of the chain's active file, its tables too. QEMU does
   * so with a node that a snapshot is prepared of: one is, and given up again before the guest goes on.
   * @param scratch a qcow2 file that nobody needs, of the size of the disk; nothing is written to it
   */
  async flush(active: string, scratch: string, timeoutMs: number): Promise<void> {
    const below = requireNode(await this.#graph(), active);
    const name = nodeName(scratch);
    await this.#closeAll(scratch);
    await openOverlay(this.monitor, { name, file: scratch }, below);
    const snapshot = { type: 'blockdev-snapshot', data: { node: below.name, overlay: name } };
    const actions = [snapshot, { type: 'abort', data: {} }];
    try {
      await this.#expectAbort(active, this.monitor.execute('transaction', { actions }, { timeoutMs }));
    } finally {
      await this.#closeAll(scratch);
    }
  }

  async #expectAbort(active: string, transaction: Promise<unknown>): Promise<void> {
    try {
      await transaction;
    } catch (error) {
      if (isDriverError(error, 'failed') && /aborted using abort action/i.test(error.message)) return;
      throw error;
    }
    const message = `a flush of ${active} was to be given up, and was not: the guest writes to a scratch file now`;
    throw new DriverError({ code: 'unavailable', message });
  }

  /** How a job is told which file is to be the one below in the end. */
  async #newBase(command: string, base: DiskFile): Promise<Readonly<Record<string, unknown>>> {
    const node = requireNode(await this.#graph(), base.path);
    const format = await namingFormat(this.monitor, command, { node, base });
    return { 'base-node': node.name, 'backing-file': path.basename(base.path), ...format };
  }

  /** The file has left the chain, and the process lets go of it. */
  async #verify(active: string, file: string): Promise<void> {
    if (isIn(await this.#graph(), active, file)) {
      const message = `the job is done, and ${file} is still in the chain of ${active}; look at what else changes it`;
      throw new DriverError({ code: 'unavailable', message });
    }
    await this.#closeAll(file);
  }

  /** Closes the nodes of a file that is in no chain; the upper ones first, each may take the ones below with it. */
  async #closeAll(file: string): Promise<void> {
    for (const { name } of (await this.#graph()).nodesOf(file)) {
      const isThere = (await this.#graph()).nodes.some((node) => node.name === name);
      // QEMU made those without a name of their own by itself, and ends them so.
      if (isThere && !name.startsWith('#')) await this.#close(name, file);
    }
  }

  async #close(name: string, file: string): Promise<void> {
    try {
      await this.monitor.execute('blockdev-del', { 'node-name': name });
    } catch (error) {
      const message = `the hypervisor does not let go of ${file}, which its chain does not need: ${messageOf(error)}`;
      throw new DriverError({ code: 'unavailable', message, cause: error });
    }
  }

  async #graph(): Promise<BlockGraph> {
    return BlockGraph.read(this.monitor);
  }
}

/** @throws DriverError `failed` where the active one is not open: then nobody can say what its chain is */
function isIn(graph: BlockGraph, active: string, file: string): boolean {
  requireNode(graph, active);
  return graph.chain(active).some((node) => node.file === file);
}

function hasBelow(graph: BlockGraph, overlay: string, active: string): boolean {
  return graph.find(overlay) !== undefined && isIn(graph, overlay, active);
}

function requireNode(graph: BlockGraph, file: string): BlockNode {
  const node = graph.find(file);
  if (node !== undefined) return node;
  const open = [...new Set(graph.nodes.map((one) => one.file))];
  throw new DriverError({
    code: 'failed',
    message: `the hypervisor does not have ${file} open; it has ${open.length === 0 ? 'no disk' : open.join(', ')}`,
  });
}
