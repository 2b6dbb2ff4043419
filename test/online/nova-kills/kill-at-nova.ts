import { MIB } from '@scoria/core';
import { FakeCloud } from '@scoria/testkit';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Seeded } from '../../support/seeded.js';
import { requireWhole } from '../kills/share-look.js';
import { NovaHost } from '../nova-host.js';
import { configurationFor } from '../reported-snapshot.js';
import { WritingGuest } from '../writing-guest.js';
import type { ManagerOrder } from './orders.js';
import type { OrderEnd } from '../../support/ordered-program.js';
import { ServedManager } from './served-manager.js';

/** How much of the volume's beginning its guest writes to. */
const WRITTEN = MIB;
/** How many writes there are between two snapshots. */
const WRITES = 25;
const PATIENCE_MS = 45_000;

/** A snapshot, and its bytes as they were found when it was taken. */
interface Point {
  readonly id: string;
  readonly bytes: Buffer;
}

/**
 * A volume that a guest of a cloud writes to, and managers that come and go: each is killed, and the next one goes on.
 * The cloud and its host, which are in this process, are what they were meanwhile.
 */
export class KillAtNova implements AsyncDisposable {
  readonly #ends: (() => Promise<unknown>)[] = [];
  readonly points: Point[] = [];
  cloud!: FakeCloud;
  host!: NovaHost;
  manager!: ServedManager;
  #next = new ServedManager();
  #directory!: string;
  #port!: number;
  #guest!: WritingGuest;
  #volume!: string;
  #attachment!: string;

  static async open(format: 'raw' | 'qcow2', seed: number): Promise<KillAtNova> {
    const scene = new KillAtNova();
    try {
      await scene.#open(format, seed);
    } catch (error) {
      await scene[Symbol.asyncDispose]();
      throw error;
    }
    return scene;
  }

  /** What a change is asked for by. */
  order(change: 'create' | number): ManagerOrder {
    if (change === 'create') return { do: 'create-snapshot', volume: this.#volume, name: randomUUID() };
    return { do: 'delete-snapshot', snapshot: this.points[change]!.id };
  }

  /** Takes snapshots until there are so many. */
  async takeUpTo(count: number): Promise<void> {
    while (this.points.length < count) {
      await this.#guest.afterWrites(WRITES);
      const least = this.#guest.log.acknowledged;
      const { id } = await this.manager.do<{ id: string }>(this.order('create'));
      const bytes = await this.#read('snapshot', id);
      this.#guest.log.momentOf(bytes, least);
      this.points.push({ id, bytes });
    }
    await this.#guest.afterWrites(WRITES);
  }

  /** A new manager in the place of the one that was killed. */
  async nextManager(): Promise<void> {
    await this.manager.kill();
    this.manager = this.#next;
    this.#next = new ServedManager();
    await this.manager.begin({ directory: this.#directory, port: this.#port });
  }

  /** Resolves when nothing of what was cut off is left to be done. */
  async rest(): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const { running } = await this.manager.look(this.#volume);
      if (running.length === 0) return;
      if (performance.now() > end)
        throw new Error(
          `${running.join()} does not end: ${this.manager.errors}; ${this.host.refusals.join()}`,
        );
      await sleep(50);
    }
  }

  /**
   * What has become of a change whose manager was killed in it: it is wholly done or wholly taken back, and nothing else
   * has changed. @returns which of the two
   */
  async settle(change: 'create' | number, end: OrderEnd): Promise<'done' | 'taken back'> {
    if (typeof change === 'number') this.points.splice(change, 1);
    const { snapshots } = await this.manager.look(this.#volume);
    const known = new Set(this.points.map(({ id }) => id));
    const others = snapshots.filter(({ id }) => !known.has(id));
    if (typeof change === 'number') {
      // What is resumed ends, whoever ends it.
      if (others.length > 0) throw new Error(`a snapshot that was deleted is ${others[0]!.status}`);
    } else if (end.end === 'done') {
      this.points.push({ id: others[0]!.id, bytes: await this.#read('snapshot', others[0]!.id) });
    } else {
      for (const { id, status } of others) {
        if (status !== 'error') throw new Error(`a snapshot that was not taken is ${status}`);
        await this.manager.do({ do: 'delete-snapshot', snapshot: id });
      }
    }
    await this.check();
    return typeof change === 'number' || end.end === 'done' ? 'done' : 'taken back';
  }

  /** Every snapshot reads as it did, the guest is well and would find its volume where it has it, the chain is whole. */
  async check(): Promise<void> {
    this.#guest.requireHealthy();
    await this.#guest.afterWrites(1);
    for (const { id, bytes } of this.points)
      if (!(await this.#read('snapshot', id)).equals(bytes))
        throw new Error(`the snapshot ${id} does not read as it did`);
    const { file } = await this.manager.look(this.#volume);
    const active = path.basename(this.host.active.file);
    if (file !== active) throw new Error(`the records name ${file}, and the guest writes to ${active}`);
    await requireWhole(
      this.#volumes,
      this.#volume,
      this.points.map(({ id }) => id),
    );
  }

  /** Ends the guest, compares the volume with all that it has written, and deletes it. */
  async finish(): Promise<void> {
    await this.host.settled();
    await this.check();
    await this.#guest.stop();
    await this.manager.do({ do: 'detach', attachment: this.#attachment });
    const { log } = this.#guest;
    log.momentOf(await this.#read('volume', this.#volume), log.acknowledged);
    await this.manager.do({ do: 'delete-volume', volume: this.#volume });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#next[Symbol.asyncDispose]();
    for (const end of this.#ends.reverse()) await end();
  }

  get #volumes(): string {
    return path.join(this.#directory, 'volumes');
  }

  async #open(format: 'raw' | 'qcow2', seed: number): Promise<void> {
    this.#directory = await mkdtemp(path.join(tmpdir(), 'scoria-nova-kills-'));
    this.#ends.push(() => rm(this.#directory, { recursive: true, force: true }));
    this.cloud = await FakeCloud.start();
    this.#ends.push(() => this.cloud[Symbol.asyncDispose]());
    this.cloud.keystone.lifeMs = 1e10;
    this.#port = await freePort();
    this.cloud.nova.volumeService = (projectId) => `http://127.0.0.1:${String(this.#port)}/v3/${projectId}`;
    const configuration = configurationFor(this.cloud).replace(
      './volumes}',
      `./volumes, local_volume_format: ${format}}`,
    );
    await writeFile(path.join(this.#directory, 'scoria.yaml'), configuration, { mode: 0o600 });
    this.manager = this.#next;
    this.#next = new ServedManager();
    this.#ends.push(() => this.manager.kill());
    await this.manager.begin({ directory: this.#directory, port: this.#port });
    await this.#attach(seed);
  }

  async #attach(seed: number): Promise<void> {
    const { id } = await this.manager.do<{ id: string }>({ do: 'create-volume' });
    this.#volume = id;
    this.cloud.nova.volumes.set(id, 'ready');
    const order = { do: 'attach', volume: id, instance: randomUUID() } as const;
    const attached = await this.manager.do<{
      id: string;
      connectionInfo: { data: { name: string; format: 'raw' | 'qcow2' } };
    }>(order);
    this.#attachment = attached.id;
    const { name, format } = attached.connectionInfo.data;
    const image = { file: path.join(this.#volumes, name), format };
    const random = new Seeded(seed);
    this.#guest = await WritingGuest.start(this.#directory, image, 'guest', Buffer.alloc(WRITTEN), random);
    this.#ends.push(() => this.#guest[Symbol.asyncDispose]());
    this.host = new NovaHost(this.cloud, this.#guest.daemon.monitor, image);
  }

  async #read(kind: 'volume' | 'snapshot', id: string): Promise<Buffer> {
    return Buffer.from(await this.manager.do<string>({ do: 'read', kind, id, length: WRITTEN }), 'base64');
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
