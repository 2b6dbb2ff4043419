import type { Backend, ContextOptions, DriverPlugin, OperationContext, Snapshot, Volume } from '@scoria/core';
import {
  applyUpdate,
  CommandRunner,
  ComputeApi,
  ContainerModule,
  createBackend,
  createContext,
} from '@scoria/core';
import glusterfsPlugin from '@scoria/driver-glusterfs';
import { hostModule } from '@scoria/host';
import { MountedSharesOptions } from '@scoria/remotefs';
import { collect, makeSnapshot, makeVolume, MemoryLogger, openAndRead, openAndWrite } from '@scoria/testkit';
import { Container } from 'inversify';
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { GlusterServer } from '../support/gluster-server.js';
import { GlusterRunner, glusterRules } from './gluster-runner.js';
import type { Namespaces } from './gluster-runner.js';

/** Where it keeps its things, and the network it mounts from. */
export type GlusterNetwork = Pick<GlusterServer, 'directory' | 'network'>;

export interface GlusterBackendOptions {
  /** The text of the shares file; no file without it. */
  readonly shares?: string;
  /** Where to mount; a directory of its own unless told. */
  readonly mountPointBase?: string;
  /** The backend's options besides. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Where to mount from; the server's network unless told. */
  readonly namespaces?: Namespaces;
  /** How guests are asked for changes of their disks. */
  readonly compute?: ComputeApi;
  /** Looks at the shares as seldom as a manager does, instead of for every operation. */
  readonly trusting?: boolean;
  /** Called before each step of an operation. */
  readonly onStep?: ContextOptions['onStep'];
}

/** Looks at the shares for every operation, and tries again at once. */
const impatient: DriverPlugin = {
  ...glusterfsPlugin,
  bindings: new ContainerModule(async (options) => {
    await glusterfsPlugin.bindings?.load(options);
    options.onActivation<MountedSharesOptions>(MountedSharesOptions, (_context, given) => ({
      ...given,
      retryAfterMs: 0,
      trustMs: 0,
    }));
  }),
};

/**
 * The GlusterFS driver with real mounts, locks and images, and the records that a manager would keep: each method
 * returns the object as it is afterwards.
 */
export class GlusterBackend implements AsyncDisposable {
  private constructor(
    readonly backend: Backend,
    readonly mountPointBase: string,
    readonly logger: MemoryLogger,
    private readonly onStep: ContextOptions['onStep'],
  ) {}

  /** Not started. */
  static async create(server: GlusterNetwork, settings: GlusterBackendOptions = {}): Promise<GlusterBackend> {
    const home = await mkdtemp(path.join(server.directory, 'backend-'));
    const { mountPointBase = path.join(home, 'mnt'), namespaces = [server.network], shares } = settings;
    const glusterfs_shares_config = path.join(home, 'shares');
    await mkdir(mountPointBase, { recursive: true });
    if (shares !== undefined) await writeFile(glusterfs_shares_config, `${shares}\n`);
    const root = new Container();
    const allow = glusterRules(mountPointBase, namespaces);
    root.load(hostModule({ log: { level: 'error' }, privileges: { allow } }));
    root.onActivation<CommandRunner>(
      CommandRunner,
      (_context, runner) => new GlusterRunner(runner, namespaces),
    );
    if (settings.compute !== undefined) root.bind<ComputeApi>(ComputeApi).toConstantValue(settings.compute);
    const plugin = settings.trusting === true ? glusterfsPlugin : impatient;
    const backend = await createBackend(root, plugin, {
      name: 'gluster',
      options: {
        glusterfs_shares_config,
        glusterfs_mount_point_base: mountPointBase,
        ...settings.options,
      },
      stateDirectory: path.join(home, 'state'),
    });
    return new GlusterBackend(backend, mountPointBase, new MemoryLogger(), settings.onStep);
  }

  static async start(server: GlusterNetwork, settings: GlusterBackendOptions = {}): Promise<GlusterBackend> {
    const backend = await GlusterBackend.create(server, settings);
    await backend.start();
    return backend;
  }

  async start(): Promise<void> {
    await this.backend.start(this.context());
  }

  get driver(): Backend['driver'] {
    return this.backend.driver;
  }

  /** What was logged as a warning. */
  get warnings(): string[] {
    return this.logger.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
  }

  mountPoint(share: string): string {
    return path.join(this.mountPointBase, createHash('md5').update(share).digest('hex'));
  }

  context(): OperationContext {
    const steps = this.onStep === undefined ? {} : { onStep: this.onStep };
    return createContext({ requestId: `req-${randomUUID()}`, logger: this.logger, ...steps });
  }

  async createVolume(sizeBytes: number, id: string = randomUUID()): Promise<Volume> {
    const volume = makeVolume({ id, sizeBytes });
    return available(applyUpdate(volume, await this.driver.createVolume(this.context(), volume)));
  }

  async clone(source: Volume): Promise<Volume> {
    const volume = makeVolume({ sizeBytes: source.sizeBytes });
    return available(
      applyUpdate(volume, await this.driver.createClonedVolume(this.context(), volume, source)),
    );
  }

  async extend(volume: Volume, sizeBytes: number): Promise<Volume> {
    return applyUpdate(volume, await this.driver.extendVolume(this.context(), volume, sizeBytes));
  }

  async snapshot(volume: Volume, id: string = randomUUID()): Promise<Snapshot> {
    const snapshot = makeSnapshot(volume, { id });
    return applyUpdate(snapshot, await this.driver.createSnapshot(this.context(), snapshot));
  }

  async deleteSnapshot(snapshot: Snapshot): Promise<void> {
    await this.driver.deleteSnapshot(this.context(), snapshot);
  }

  async deleteVolume(volume: Volume): Promise<void> {
    await this.driver.deleteVolume(this.context(), volume);
  }

  /** Takes over what is on a share already. */
  async adopt(id: string): Promise<Volume> {
    const found = (await collect(this.driver.findAdoptable(this.context()))).find((each) => each.id === id);
    if (found === undefined) throw new Error(`the volume ${id} is on none of the shares`);
    const { sizeBytes, providerLocation } = found;
    const volume = makeVolume({ id, sizeBytes, providerLocation });
    return available(applyUpdate(volume, await this.driver.adopt(this.context(), found)));
  }

  async connect(volume: Volume): Promise<Record<string, unknown>> {
    const info = await this.driver.initializeConnection(this.context(), volume, { host: 'guest' });
    return { ...info };
  }

  /** The raw view of all of it. */
  async read(object: Volume | Snapshot): Promise<Buffer> {
    return openAndRead(this.driver, this.context(), object);
  }

  async write(volume: Volume, offset: number, data: Uint8Array): Promise<void> {
    await openAndWrite(this.driver, this.context(), volume, offset, data);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.backend.stop(this.context());
  }
}

function available(volume: Volume): Volume {
  return { ...volume, status: 'available' };
}
