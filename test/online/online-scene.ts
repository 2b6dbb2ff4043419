import type { GuestDisk, OperationContext, Progress } from '@scoria/core';
import { createContext, MIB } from '@scoria/core';
import { QmpCompute, type QmpComputeOptions } from '@scoria/disk-image';
import { makeVolume, MemoryLogger } from '@scoria/testkit';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { GuestIo, StorageDaemon, type StorageDaemonOptions } from '../support/storage-daemon.js';

const run = promisify(execFile);
export const SIZE = 64 * MIB;
/** What a guest writes at a time, and what is compared. */
export const REGION = 64 * 1024;

export interface WatchedContext {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export function contextOf(watched: WatchedContext = {}): OperationContext {
  return createContext({ requestId: 'online', logger: new MemoryLogger(), ...watched });
}

/** A volume in use: its files in a directory of its own, a daemon that has them open, and a guest that writes. */
export class OnlineScene implements AsyncDisposable {
  private constructor(
    readonly directory: string,
    readonly format: 'raw' | 'qcow2',
    readonly daemon: StorageDaemon,
    readonly guest: GuestIo,
  ) {}

  static async start(
    format: 'raw' | 'qcow2' = 'raw',
    nodesOf?: (directory: string) => StorageDaemonOptions,
  ): Promise<OnlineScene> {
    const directory = await mkdtemp(path.join(tmpdir(), 'scoria-online-'));
    const file = path.join(directory, 'volume');
    await run('qemu-img', ['create', '-q', '-f', format, file, String(SIZE)]);
    const daemon = await StorageDaemon.start(directory, { file, format }, nodesOf?.(directory));
    return new OnlineScene(directory, format, daemon, new GuestIo(daemon));
  }

  file(name: string): string {
    return path.join(this.directory, name);
  }

  formatOf(name: string): 'raw' | 'qcow2' {
    return name === 'volume' ? this.format : 'qcow2';
  }

  diskFile(name: string): { path: string; format: 'raw' | 'qcow2' } {
    return { path: this.file(name), format: this.formatOf(name) };
  }

  /** The disk as QmpCompute has it. */
  async disk(options: QmpComputeOptions = {}, daemon = this.daemon): Promise<GuestDisk> {
    const attachment = { id: randomUUID(), host: 'here', monitor: daemon.monitor };
    const request = { volume: makeVolume(), attachment, snapshotId: 'snapshot' };
    const disk = await new QmpCompute(options).openDisk(contextOf(), request);
    if (disk === undefined) throw new Error('nobody has the disk');
    return disk;
  }

  async makeOverlay(overlay: string, active: string, sizeBytes = SIZE): Promise<void> {
    const args = ['create', '-q', '-f', 'qcow2', '-u', '-b', active, '-F', this.formatOf(active)];
    await run('qemu-img', [...args, this.file(overlay), String(sizeBytes)]);
  }

  async takeSnapshot(disk: GuestDisk, active: string, overlay: string): Promise<void> {
    await this.makeOverlay(overlay, active);
    await disk.takeSnapshot(contextOf(), { active: this.diskFile(active), overlay: this.file(overlay) });
  }

  /** Has what the daemon keeps written, as before a file that has left the chain is deleted. */
  async flush(disk: GuestDisk, active: string): Promise<void> {
    await this.makeOverlay('scratch', active);
    await disk.flush(contextOf(), { active: this.file(active), scratch: this.file('scratch') });
    await rm(this.file('scratch'));
  }

  /** The byte that fills each of the first regions, read through the file and those below it; -1 where they differ. */
  async bytesOf(name: string, regions: number): Promise<number[]> {
    const flat = this.file(`${name}.flat`);
    // The daemon has it open, and does not write to what is read here.
    const args = ['convert', '-U', '-f', this.formatOf(name), '-O', 'raw', this.file(name), flat];
    await run('qemu-img', args);
    const bytes = await readFile(flat);
    await rm(flat);
    return Array.from({ length: regions }, (_, region) => {
      const there = bytes.subarray(region * REGION, (region + 1) * REGION);
      const [first = -1] = there;
      return there.every((byte) => byte === first) ? first : -1;
    });
  }

  /** The name and the format that the file's header gives of the one below. */
  async backingOf(name: string): Promise<unknown> {
    const { stdout } = await run('qemu-img', [
      ...['info', '-U', '--output=json', '-f', 'qcow2'],
      this.file(name),
    ]);
    const info = JSON.parse(stdout) as Record<string, unknown>;
    return [info['backing-filename'], info['backing-filename-format']];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemon[Symbol.asyncDispose]();
    await this.guest[Symbol.asyncDispose]();
    await rm(this.directory, { recursive: true, force: true });
  }
}
