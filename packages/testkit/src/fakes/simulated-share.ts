import type { CommandRequest } from '@scoria/core';
import { mkdir, mkdtemp, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CommandAnswer, FakeCommandRunner } from './fake-command-runner.js';
import { hang } from './fake-command-runner.js';

/**
 * An export that `mount` and `umount` of a {@link FakeCommandRunner} can mount: its files are on the mount point
 * while it is mounted and nowhere else, and a mount table says so. A read-only or a full file system is not
 * played: root is kept out by neither; test that on real ones.
 */
export class SimulatedShare {
  /** In the form of /proc/self/mountinfo; names the share while it is mounted. */
  readonly mountTable: string;
  /** Where it is mounted, if it is. */
  mountedOn: string | undefined;
  /** What `mount` fails with from now on; `undefined`: it works. */
  mountError: string | undefined;
  /** `mount` and `umount` do not answer from now on. */
  hung = false;
  readonly #home: string;

  private constructor(
    readonly source: string,
    readonly type: string,
    home: string,
  ) {
    this.#home = home;
    this.mountTable = path.join(home, 'mountinfo');
  }

  /** @param source as it is mounted: 'host:/volume' */
  static async create(source: string, type = 'nfs4'): Promise<SimulatedShare> {
    const share = new SimulatedShare(source, type, await mkdtemp(path.join(tmpdir(), 'scoria-share-')));
    await mkdir(share.#files);
    await share.#writeTable();
    return share;
  }

  /** Where the share's files are now. */
  get directory(): string {
    return this.mountedOn ?? this.#files;
  }

  get #files(): string {
    return path.join(this.#home, 'files');
  }

  /** Answers `mount` and `umount` of this share. */
  answer(runner: FakeCommandRunner): this {
    const isOurs = (command: string, argument: () => string | undefined) => (request: CommandRequest) =>
      path.basename(request.command) === command && request.args.includes(argument() ?? this.source);
    runner.when(
      isOurs('mount', () => this.source),
      (request) => (this.hung ? hang(request) : this.#mount(request.args.at(-1) ?? '')),
    );
    runner.when(
      isOurs('umount', () => this.mountedOn),
      (request) => (this.hung ? hang(request) : this.lose()),
    );
    return this;
  }

  /** Unmounts it, as `umount` does, or behind the driver's back. */
  async lose(): Promise<CommandAnswer> {
    if (this.mountedOn === undefined) return { exitCode: 32, stderr: `umount: ${this.source}: not mounted.` };
    await rename(this.mountedOn, this.#files);
    await mkdir(this.mountedOn);
    this.mountedOn = undefined;
    await this.#writeTable();
    return {};
  }

  async dispose(): Promise<void> {
    if (this.mountedOn !== undefined) await this.lose();
    await rm(this.#home, { recursive: true });
  }

  async #mount(directory: string): Promise<CommandAnswer> {
    if (this.mountError !== undefined) return { exitCode: 32, stderr: this.mountError };
    if (this.mountedOn !== undefined) return { exitCode: 32, stderr: `mount: ${this.source} is busy` };
    // Fails where the directory has files, which a mount would hide.
    await rmdir(directory);
    await rename(this.#files, directory);
    this.mountedOn = directory;
    await this.#writeTable();
    return {};
  }

  async #writeTable(): Promise<void> {
    const line = `40 1 0:40 / ${this.mountedOn ?? ''} rw,relatime - ${this.type} ${this.source} rw\n`;
    await writeFile(this.mountTable, this.mountedOn === undefined ? '' : line);
  }
}
