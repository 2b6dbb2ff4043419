import type { Backend, OperationContext, Snapshot, Volume } from '@scoria/core';
import { applyUpdate, CommandRunner, createBackend, Logger } from '@scoria/core';
import localPlugin from '@scoria/driver-local';
import { hostModule } from '@scoria/host';
import { makeContext, makeSnapshot, makeVolume, MemoryLogger } from '@scoria/testkit';
import type { LogLine } from '@scoria/testkit';
import { Container } from 'inversify';
import { randomUUID } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Canary } from './canary.js';
import { VOLUME_BYTES } from './hostile-images.js';
import { SpiedRunner } from './spied-runner.js';

/** How an attempt ended. */
export interface Outcome {
  readonly error: unknown;
  readonly result: unknown;
  /** Where the canary was shown or touched, and tools that were left to guess. */
  readonly problems: string[];
}

export interface HostileShareOptions {
  readonly format?: 'raw' | 'qcow2';
}

/** The local driver on a directory that others write to as well, with a canary beside it. */
export class HostileShare implements AsyncDisposable {
  private constructor(
    /** Holds the share, the canary and what the tests prepare. */
    readonly root: string,
    readonly canary: Canary,
    readonly backend: Backend,
    private readonly logger: MemoryLogger,
    private readonly commands: SpiedRunner,
  ) {}

  static async start({ format = 'raw' }: HostileShareOptions = {}): Promise<HostileShare> {
    const root = await realpath(await mkdtemp(path.join(tmpdir(), 'scoria-security-')));
    const directory = path.join(root, 'share');
    await mkdir(directory);
    const logger = new MemoryLogger();
    const container = new Container();
    container.load(hostModule());
    container.rebind<Logger>(Logger).toConstantValue(logger);
    const commands = new SpiedRunner(container.get<CommandRunner>(CommandRunner));
    container.rebind<CommandRunner>(CommandRunner).toConstantValue(commands);
    const options = { local_volumes_path: directory, local_volume_format: format };
    const stateDirectory = path.join(root, 'state');
    const backend = await createBackend(container, localPlugin, { name: 'local', options, stateDirectory });
    const share = new HostileShare(root, await Canary.create(root), backend, logger, commands);
    await backend.start(share.context());
    return share;
  }

  get directory(): string {
    return path.join(this.root, 'share');
  }

  get driver(): Backend['driver'] {
    return this.backend.driver;
  }

  context(): OperationContext {
    return makeContext({ logger: this.logger, signal: AbortSignal.timeout(20_000) });
  }

  file(name: string): string {
    return path.join(this.directory, name);
  }

  async createVolume(): Promise<Volume> {
    const volume = makeVolume({ sizeBytes: VOLUME_BYTES });
    const update = await this.driver.createVolume(this.context(), volume);
    return { ...applyUpdate(volume, update), status: 'available' };
  }

  async snapshot(volume: Volume): Promise<Snapshot> {
    const snapshot = makeSnapshot(volume);
    return applyUpdate(snapshot, await this.driver.createSnapshot(this.context(), snapshot));
  }

  /** A volume that is on record with us, for a file that a test puts there. */
  record(format: 'raw' | 'qcow2', id: string = randomUUID()): Volume {
    const providerLocation = this.directory;
    const providerMetadata = { format };
    return makeVolume({
      id,
      sizeBytes: VOLUME_BYTES,
      status: 'available',
      providerLocation,
      providerMetadata,
    });
  }

  async plant(name: string, bytes: Uint8Array | string): Promise<void> {
    await writeFile(this.file(name), bytes);
  }

  /** Does something to the share and looks for the canary in all that came of it. */
  async attempt(work: (context: OperationContext) => Promise<unknown>): Promise<Outcome> {
    const context = this.context();
    this.logger.lines.length = 0;
    const ended = await work(context).then(
      (result) => ({ result, error: undefined }),
      (error: unknown) => ({ result: undefined, error }),
    );
    const problems = await this.canary.problems({ ...ended, logs: this.logger.lines });
    const leaked = await this.canary.filesWithIt(this.directory);
    problems.push(...leaked.map((file) => `the canary is in ${file}`), ...this.commands.careless());
    this.commands.requests.length = 0;
    return { ...ended, problems };
  }

  /** The messages of the last attempt. */
  logged(level: LogLine['level']): string[] {
    return this.logger.lines.filter((line) => line.level === level).map(({ message }) => message);
  }

  /** Every volume's file and record with its bytes and times. */
  async listing(): Promise<string[]> {
    const names = (await readdir(this.directory)).filter((name) => !name.startsWith('.')).sort();
    return Promise.all(
      names.map(async (name) => {
        const { ino, size, mode, mtimeNs } = await lstat(this.file(name), { bigint: true });
        return [name, ino, size, mode, mtimeNs].join(' ');
      }),
    );
  }

  /** What was made by a door that did not refuse must be gone before the next one. */
  async removeNew(before: readonly string[]): Promise<void> {
    const known = new Set(before.map((line) => line.split(' ')[0]));
    for (const name of await readdir(this.directory)) {
      if (!name.startsWith('.') && !known.has(name)) await rm(this.file(name));
    }
  }

  async read(name: string): Promise<Buffer> {
    return readFile(this.file(name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.backend.stop(this.context());
    await rm(this.root, { recursive: true });
  }
}
