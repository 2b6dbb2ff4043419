import type { Backend, DriverPlugin, OperationContext, Snapshot, Volume } from '@scoria/core';
import { applyUpdate, CommandRunner, ContainerModule, createBackend, createContext, MIB } from '@scoria/core';
import glusterfsPlugin from '@scoria/driver-glusterfs';
import { hostModule } from '@scoria/host';
import { MountedSharesOptions } from '@scoria/remotefs';
import { makeSnapshot, makeVolume, MemoryLogger, openAndRead, openAndWrite } from '@scoria/testkit';
import { Container } from 'inversify';
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { GlusterRunner, glusterRules } from '../gluster-runner.js';

export interface TroubledBackendOptions {
  /** Where its state is; its mount points are in `mnt` of it. */
  readonly directory: string;
  /** The network to mount from, as an argument of nsenter(1). */
  readonly network: string;
  readonly shares: readonly string[];
}

/** Finds out sooner than by default that a share hangs, and looks at the shares for each operation. */
const watchful: DriverPlugin = {
  ...glusterfsPlugin,
  bindings: new ContainerModule(async (options) => {
    await glusterfsPlugin.bindings?.load(options);
    options.onActivation<MountedSharesOptions>(MountedSharesOptions, (_context, given) => ({
      ...given,
      retryAfterMs: 0,
      trustMs: 0,
      heartbeatMs: 100,
      hangAfterMs: 1_000,
      availableWaitMs: 500,
    }));
  }),
};

/** The GlusterFS driver on shares that get into trouble, and the records that a manager would keep. */
export class TroubledBackend {
  readonly logger = new MemoryLogger();
  #pauseAt: string | undefined;
  #goOn: () => void = () => undefined;

  private constructor(
    private readonly backend: Backend,
    private readonly say: (event: object) => void,
  ) {}

  static async start(
    { directory, network, shares }: TroubledBackendOptions,
    say: (event: object) => void,
  ): Promise<TroubledBackend> {
    const glusterfs_shares_config = path.join(directory, 'shares');
    const glusterfs_mount_point_base = path.join(directory, 'mnt');
    await mkdir(glusterfs_mount_point_base, { recursive: true });
    await writeFile(glusterfs_shares_config, `${shares.join('\n')}\n`);
    const root = new Container();
    const allow = glusterRules(glusterfs_mount_point_base, [network]);
    root.load(hostModule({ log: { level: 'error' }, privileges: { allow } }));
    root.onActivation<CommandRunner>(
      CommandRunner,
      (_context, runner) => new GlusterRunner(runner, [network]),
    );
    const options = { glusterfs_shares_config, glusterfs_mount_point_base };
    const stateDirectory = path.join(directory, 'state');
    const backend = await createBackend(root, watchful, { name: 'gluster', options, stateDirectory });
    const troubled = new TroubledBackend(backend, say);
    await backend.start(troubled.context());
    return troubled;
  }

  get driver(): Backend['driver'] {
    return this.backend.driver;
  }

  context(): OperationContext {
    const onStep = async (step: string): Promise<void> => this.#onStep(step);
    return createContext({ requestId: `req-${randomUUID()}`, logger: this.logger, onStep });
  }

  pauseAt(step: string): void {
    this.#pauseAt = step;
  }

  goOn(): void {
    this.#goOn();
  }

  /** The names of the pools. */
  async pools(): Promise<string[]> {
    const { pools } = await this.driver.stats(this.context());
    return pools.map(({ name }) => name);
  }

  async create(): Promise<Volume> {
    const volume = makeVolume({ id: randomUUID(), sizeBytes: MIB });
    return available(applyUpdate(volume, await this.driver.createVolume(this.context(), volume)));
  }

  async clone(source: Volume): Promise<Volume> {
    const volume = makeVolume({ id: randomUUID(), sizeBytes: source.sizeBytes });
    const update = await this.driver.createClonedVolume(this.context(), volume, source);
    return available(applyUpdate(volume, update));
  }

  async snapshot(volume: Volume): Promise<Snapshot> {
    const snapshot = makeSnapshot(volume, { id: randomUUID() });
    return applyUpdate(snapshot, await this.driver.createSnapshot(this.context(), snapshot));
  }

  async write(volume: Volume, data: Uint8Array): Promise<void> {
    await openAndWrite(this.driver, this.context(), volume, 0, data);
  }

  async holds(object: Volume | Snapshot, data: Buffer): Promise<boolean> {
    return (await openAndRead(this.driver, this.context(), object)).equals(data);
  }

  async #onStep(step: string): Promise<void> {
    if (this.#pauseAt === undefined || !step.includes(this.#pauseAt)) return;
    this.#pauseAt = undefined;
    const goesOn = new Promise<void>((resolve) => (this.#goOn = resolve));
    this.say({ event: 'paused', step });
    await goesOn;
  }
}

function available(volume: Volume): Volume {
  return { ...volume, status: 'available' };
}
