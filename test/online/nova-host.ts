import type { GuestDisk } from '@scoria/core';
import { createContext, messageOf } from '@scoria/core';
import { QmpCompute } from '@scoria/disk-image';
import type { FakeCloud, JobEnd, NovaJob } from '@scoria/testkit';
import { makeVolume, MemoryLogger } from '@scoria/testkit';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ServedImage } from '../support/storage-daemon.js';

const run = promisify(execFile);
const POLL_MS = 20;
const PATIENCE_MS = 20_000;

/** What a snapshot that was taken was shown as when it was not `creating` any more. */
export interface Look {
  readonly snapshotId: string;
  readonly status: string;
}

/** What a cloud's host does with the disk of one guest, as Nova's libvirt driver does it. */
export class NovaHost {
  readonly looks: Look[] = [];
  /** Called before each change; what it returns is reported instead of making it, `nothing` reports nothing at all. */
  before: (job: NovaJob) => Promise<JobEnd | 'nothing'> | JobEnd | 'nothing' = () => undefined;
  /** Called after each change, before it is reported. */
  after: (job: NovaJob) => Promise<void> | void = () => undefined;
  /** The most bytes a second that a job moves. */
  bytesPerSecond: number | undefined;
  /** Why changes were not made. */
  readonly refusals: string[] = [];
  /** libvirt has one job at a time on a disk. */
  #isAtJob = false;
  readonly #polling = new Set<Promise<void>>();

  constructor(
    private readonly cloud: FakeCloud,
    private readonly monitor: string,
    /** What the guest writes to. */
    public active: ServedImage,
  ) {
    cloud.nova.work = (job) => this.#work(job);
  }

  async settled(): Promise<void> {
    await this.cloud.nova.settled();
    await Promise.all(this.#polling);
  }

  async #work(job: NovaJob): Promise<JobEnd> {
    const said = await this.before(job);
    if (said === 'nothing') return undefined;
    if (said !== undefined) return said;
    const failure = job.kind === 'create' ? 'error' : 'error_deleting';
    try {
      await this.#change(job);
    } catch (error) {
      this.refusals.push(messageOf(error));
      return { status: failure, progress: '90%' };
    }
    await this.after(job);
    if (job.kind === 'create') this.#look(job);
    return { status: job.kind === 'create' ? 'creating' : 'deleting', progress: '90%' };
  }

  async #change({ kind, snapshotId, info }: NovaJob): Promise<void> {
    const attachment = { id: randomUUID(), host: 'here', monitor: this.monitor };
    const context = contextOfHost();
    const { bytesPerSecond } = this;
    const compute = new QmpCompute(bytesPerSecond === undefined ? {} : { bytesPerSecond });
    await using disk = await compute.openDisk(context, { volume: makeVolume(), attachment, snapshotId });
    if (disk === undefined) throw new Error('the guest is not there');
    if (this.#isAtJob) throw new Error('the disk is already in active block job');
    this.#isAtJob = true;
    try {
      if (kind === 'create') await this.#take(disk, this.#beside(String(info.new_file)));
      else
        await this.#merge(disk, info as { file_to_merge: string | null; merge_target_file: string | null });
    } finally {
      this.#isAtJob = false;
    }
  }

  /** A file that is there already is taken, unless somebody has it open, as this guest has its own. */
  async #take(disk: GuestDisk, overlay: string): Promise<void> {
    const { file, format } = this.active;
    if (file === overlay) throw new Error('failed to get "write" lock');
    if (!existsSync(overlay)) throw new Error('missing existing file for disk');
    await disk.takeSnapshot(contextOfHost(), { active: { path: file, format }, overlay });
    this.active = { file: overlay, format: 'qcow2' };
  }

  /** With a target a commit into it; without one, the active file takes in what is between it and the other. */
  async #merge(
    disk: GuestDisk,
    names: { file_to_merge: string | null; merge_target_file: string | null },
  ): Promise<void> {
    const active = this.active.file;
    const merged = names.file_to_merge === null ? undefined : this.#beside(names.file_to_merge);
    if (merged !== undefined && (await disk.hasOpen(merged)) !== true)
      throw new Error(`could not find image ${merged} in the chain`);
    if (names.merge_target_file !== null) {
      if (merged === undefined) throw new Error('nothing to commit');
      const target = this.#beside(names.merge_target_file);
      const base = { path: target, format: await formatBelow(merged) };
      return disk.commit(contextOfHost(), { active, file: merged, base });
    }
    const below = (await infoOf(active))['backing-filename'];
    if (typeof below !== 'string' || this.#beside(below) === merged)
      throw new Error("can't keep relative backing relationship");
    const file = this.#beside(below);
    const base = merged === undefined ? {} : { base: { path: merged, format: await formatBelow(file) } };
    return disk.pull(contextOfHost(), { active, file, ...base });
  }

  #beside(name: string): string {
    return path.join(path.dirname(this.active.file), name);
  }

  #look(job: NovaJob): void {
    const polling = this.#lookUntilDone(job).finally(() => this.#polling.delete(polling));
    this.#polling.add(polling);
  }

  /**
   * Nova gives up where nobody answers, or there is no such snapshot, and knows the new file only if it does not: its
   * guest would be started with the old one.
   */
  async #lookUntilDone({ snapshotId, token }: NovaJob): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    let status = 'creating';
    while (status === 'creating' && performance.now() < end) {
      const answer = await this.cloud.nova.callVolumeService(token, `/snapshots/${snapshotId}`);
      const body = (await answer?.json().catch(() => undefined)) as
        { snapshot?: { status: string } } | undefined;
      status = body?.snapshot?.status ?? String(answer?.status ?? 'lost');
      if (status === 'creating') await sleep(POLL_MS);
    }
    this.looks.push({ snapshotId, status });
  }
}

function contextOfHost(): ReturnType<typeof createContext> {
  return createContext({ requestId: 'nova', logger: new MemoryLogger() });
}

async function infoOf(file: string): Promise<Record<string, unknown>> {
  const { stdout } = await run('qemu-img', ['info', '-U', '--output=json', '-f', 'qcow2', file]);
  return JSON.parse(stdout) as Record<string, unknown>;
}

async function formatBelow(file: string): Promise<'raw' | 'qcow2'> {
  return (await infoOf(file))['backing-filename-format'] === 'raw' ? 'raw' : 'qcow2';
}
