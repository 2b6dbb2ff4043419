import { createServer } from '@scoria/api';
import { Clock, MIB } from '@scoria/core';
import { hostModule } from '@scoria/host';
import type { Configuration, VolumeManager } from '@scoria/manager';
import { createVolumeManager, loadConfiguration, serviceTokensOf } from '@scoria/manager';
import { FakeCloud } from '@scoria/testkit';
import { Container } from 'inversify';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { HurriedClock } from '../support/hurried-clock.js';
import { Seeded } from '../support/seeded.js';
import { NovaHost } from './nova-host.js';
import { configurationFor } from './reported-snapshot.js';
import { WritingGuest } from './writing-guest.js';

const GIB = 1024 * MIB;
/** How much of the volume's beginning its guest writes to. */
const WRITTEN = 4 * MIB;
export const CALLER = { projectId: 'project' };

/** The bytes of a snapshot, as they were found when it was taken. */
export interface Taken {
  readonly id: string;
  readonly bytes: Buffer;
}

/** A manager with its HTTP side, a cloud, and a volume of the local driver that a guest of the cloud writes to. */
export class VolumeAtNova implements AsyncDisposable {
  readonly #ends: (() => Promise<unknown>)[] = [];
  readonly clock = new HurriedClock();
  cloud!: FakeCloud;
  configuration!: Configuration;
  manager!: VolumeManager;
  directory!: string;
  volumeId!: string;
  attachmentId!: string;
  guest!: WritingGuest;
  host!: NovaHost;
  #stopManager = async (): Promise<unknown> => Promise.resolve();

  static async open(): Promise<VolumeAtNova> {
    const stage = new VolumeAtNova();
    try {
      await stage.#open();
    } catch (error) {
      await stage[Symbol.asyncDispose]();
      throw error;
    }
    return stage;
  }

  /** Resolves with a snapshot when it is taken and is what the volume was at one moment of that time. */
  async take(): Promise<Taken> {
    const least = this.guest.log.acknowledged;
    const { initial, done } = await this.manager.createSnapshot(CALLER, {
      volume: this.volumeId,
      name: randomUUID(),
    });
    await done;
    const bytes = await this.bytesOf(initial.id);
    this.guest.log.momentOf(bytes, least);
    return { id: initial.id, bytes };
  }

  async remove({ id }: Taken): Promise<void> {
    await (
      await this.manager.deleteSnapshot(CALLER, id)
    ).done;
  }

  /** Makes a clone, compares it with a moment of that time, and deletes it. */
  async cloneAndCompare(): Promise<void> {
    const least = this.guest.log.acknowledged;
    const { initial, done } = await this.manager.createVolume(CALLER, {
      name: randomUUID(),
      fromVolume: this.volumeId,
    });
    await done;
    this.guest.log.momentOf(await this.bytesOfVolume(initial.id), least);
    await (
      await this.manager.deleteVolume(CALLER, initial.id)
    ).done;
  }

  async bytesOf(snapshotId: string): Promise<Buffer> {
    return this.manager.useSnapshotData(CALLER, snapshotId, async (device) => device.read(0, WRITTEN));
  }

  async bytesOfVolume(volumeId: string): Promise<Buffer> {
    return this.manager.useVolumeData(CALLER, volumeId, 'read-only', async (device) =>
      device.read(0, WRITTEN),
    );
  }

  /** Every snapshot reads as it did, the guest is well, and would find its volume where it has it. */
  async check(...snapshots: readonly Taken[]): Promise<void> {
    this.guest.requireHealthy();
    for (const { id, bytes } of snapshots)
      if (!(await this.bytesOf(id)).equals(bytes))
        throw new Error(`the snapshot ${id} does not read as it did`);
    expect(await this.recordedFile()).toBe(path.basename(this.host.active.file));
  }

  /** The file that the records name for a guest that is started again. */
  async recordedFile(): Promise<string | undefined> {
    const [attachment] = await this.manager.listAttachments(CALLER, this.volumeId);
    return (attachment?.connectionInfo as { data?: { name?: string } } | undefined)?.data?.name;
  }

  /** Ends the guest, compares the volume with all that it has written, and deletes the volume: nothing is left. */
  async finish(): Promise<void> {
    await this.host.settled();
    await this.guest.stop();
    await (
      await this.manager.detachVolume(CALLER, this.attachmentId)
    ).done;
    const { log } = this.guest;
    log.momentOf(await this.bytesOfVolume(this.volumeId), log.acknowledged);
    await (
      await this.manager.deleteVolume(CALLER, this.volumeId)
    ).done;
    expect(await this.filesOnShare()).toEqual([]);
  }

  async filesOnShare(): Promise<string[]> {
    const entries = await readdir(path.join(this.directory, 'volumes'), {
      recursive: true,
      withFileTypes: true,
    });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  }

  /** Another manager in the place of the one there is. */
  async nextManager(): Promise<void> {
    await this.#stopManager();
    await this.#serve();
  }

  async stopManager(): Promise<void> {
    await this.#stopManager();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends.reverse()) await end();
  }

  async #open(): Promise<void> {
    this.directory = await mkdtemp(path.join(tmpdir(), 'scoria-at-nova-'));
    this.#ends.push(() => rm(this.directory, { recursive: true, force: true }));
    this.cloud = await FakeCloud.start();
    this.cloud.keystone.lifeMs = 1e10;
    this.#ends.push(() => this.cloud[Symbol.asyncDispose]());
    const file = path.join(this.directory, 'scoria.yaml');
    await writeFile(file, configurationFor(this.cloud), { mode: 0o600 });
    this.configuration = await loadConfiguration({
      file,
      env: {},
      cwd: this.directory,
      drivers: { packages: ['@scoria/driver-local'], aliases: {} },
      defaultDriver: { driver: '@scoria/driver-local', options: () => ({}) },
    });
    await this.#serve();
    this.#ends.push(() => this.#stopManager());
    await this.#attach();
  }

  async #serve(): Promise<void> {
    const { configuration, clock } = this;
    const root = new Container();
    root.load(hostModule({ log: { level: 'error' } }));
    root.rebind<Clock>(Clock).toConstantValue(clock);
    const manager = await createVolumeManager(configuration, { root });
    const server = createServer(manager, { serviceTokens: serviceTokensOf(configuration, { clock }) });
    this.#stopManager = async () => {
      await manager.stop();
      await server.close();
      this.#stopManager = async () => Promise.resolve();
    };
    await manager.start();
    await manager.checkBackend('local');
    const address = await server.listen({ host: '127.0.0.1', port: 0 });
    this.manager = manager;
    this.cloud.nova.volumeService = (projectId) => `${address}/v3/${projectId}`;
  }

  async #attach(): Promise<void> {
    const created = await this.manager.createVolume(CALLER, { name: 'data', sizeBytes: GIB });
    this.volumeId = (await created.done).id;
    this.cloud.nova.volumes.set(this.volumeId, 'ready');
    const connector = { host: 'node-1' };
    const instanceId = randomUUID();
    const attached = await this.manager.attachVolume(CALLER, {
      volume: this.volumeId,
      connector,
      instanceId,
    });
    const { id, connectionInfo } = await attached.done;
    this.attachmentId = id;
    const { name, format } = connectionInfo?.data as { name: string; format: 'raw' | 'qcow2' };
    const image = { file: path.join(this.directory, 'volumes', name), format };
    this.guest = await WritingGuest.start(
      this.directory,
      image,
      'guest',
      Buffer.alloc(WRITTEN),
      new Seeded(7),
    );
    this.#ends.push(() => this.guest[Symbol.asyncDispose]());
    this.host = new NovaHost(this.cloud, this.guest.daemon.monitor, image);
  }
}
